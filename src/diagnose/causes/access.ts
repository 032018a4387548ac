/** The node is there, and its owner, group or mode keeps a user out, or lets everybody in. */
import type { Board } from '../board.js';
import { errnoOf } from '../errno.js';
import type { Cause, Found } from './cause.js';
import { neverMatches, RULES, rulesText } from './rules.js';
import { groupsOf, isRefused, isSameUser, isThere, type Node, refusedNode } from './who.js';

/** Rules and programs name groups that have nothing to do with heaps. Where GROUP= of a heap had no effect, its node keeps root. */
const isGroupOfHeaps = (board: Board, { group, line }: { readonly group: string; readonly line: string }): boolean => {
  if (/dma_heap|heap/.test(line) || rulesText(board).some(({ text }) => text.includes(`"${group}"`))) return true;
  const nodes = board.nodes().filter(({ type }) => type === 'c');
  const isElsewhere = /\bdbus|\bavahi|polkit|\btmpfiles\b|50-udev-default\.rules/.test(line);
  return !(isElsewhere || (nodes.length > 0 && nodes.every((node) => node.group !== 'root' && node.group !== group)));
};

/** `getent group NAME` printed nothing below it, for the group of a rule. */
function notInDatabase(board: Board): { readonly group: string; readonly line: string } | undefined {
  return rulesText(board).flatMap(({ text }) => {
    const group = /GROUP:?="([a-z_][\w-]*)"/.exec(text)?.[1];
    const line =
      group === undefined
        ? undefined
        : board.silent(new RegExp(`^(?:getent group|grep -?\\w*\\s?['"]?\\^?)\\s*${group}\\b`));
    return group === undefined || line === undefined ? [] : [{ group, line }];
  })[0];
}

/** Groups that distributions and services give such devices to. */
const DEVICE_GROUP = /^(?:video|render|dmaheap|camera|media)$/;

const loginAgain = (group: string) =>
  `end all sessions of the user and log in again (loginctl terminate-user USER ends the user manager too), reboot, or restart the service; \`newgrp ${group}\` starts a shell with the group. \`id -nG\` must list the group`;

/** A user that names itself by the prompt, a path or a message. */
const FIX_RULE =
  'add a udev rule: SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660" in /etc/udev/rules.d/70-dmaheap.rules, then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap; the users of the heap must be members of that group';

const FIX_UEVENTD =
  'add a line to ueventd.rc of the vendor partition (and a type to its SELinux policy): /dev/dma_heap/NAME 0660 system graphics';

/** What ls prints for an owner or group that a user namespace does not map. */
const OVERFLOW = /^(?:(?:nfs)?no(?:body|group)|65534)$/;
/** Runtimes that were told to make such a namespace. */
const NAMESPACE =
  /\brootless\b|userns[-_ ]?remap|--userns[= ](?!host)|\bkeep-id\b|\blxc\.idmap\b|\bunprivileged(?:: ?1\b| ?= ?1\b| (?:lxc|ct|container)s?\b)|hostUsers:\s*false|\bunshare\b.*\s(?:-\w*[Ur]|--map-)|--unshare-user/i;

function keepGroup(board: Board, group: string): string {
  const kind = board.container ?? '';
  const number = `GID is what stat -c %g /dev/dma_heap/* prints on the host`;
  if (/lxc|incus|\bpct\b|proxmox/.test(`${kind} ${board.line(/proxmox|\bpct\b/i) ?? ''}`.toLowerCase()))
    return `map the group of the node to itself: "lxc.idmap = g GID GID 1" between the ranges around it in the configuration of the container, and root:GID:1 in /etc/subgid of the host; or let the runtime make the node with a group of the container (Proxmox: dev0: /dev/dma_heap/NAME,gid=GID,mode=0660). ${number}`;
  if (/kube|k3s/.test(kind))
    return `run the pod in the user namespace of the host (hostUsers: true), with supplementalGroups: [GID]; ${number}`;
  if (/docker|compose|balena/.test(kind) && board.line(/\bpodman\b/i) === undefined)
    return `start this container in the user namespace of the host: docker run --userns=host --group-add GID (userns_mode: host and group_add: ["GID"] in compose); ${number}. A rootless docker cannot do this: podman can, with --group-add keep-groups`;
  return `make the user who starts the container a member of the group on the host (usermod -aG ${group} USER, log in again), and let the runtime keep the group: podman run --group-add keep-groups (with crun), GroupAdd=keep-groups in a Quadlet. A group inside the container cannot give this access`;
}

/** A container that is started with a user other than root, and without further groups; a user that looks into it says more. */
function userInContainer(board: Board) {
  const isShown = board.all('identity').some(({ view }) => view === 'container');
  if (isShown || board.container === undefined || board.anyLine(GIVES_GROUPS) !== undefined) return undefined;
  for (const [pattern, how] of USER_OPTIONS) {
    const line = board.anyLine(pattern);
    const [, user = '', group] = pattern.exec(line ?? '') ?? [];
    if (line !== undefined && !/^(?:0|root)$/.test(user)) return { line, user, group, how };
  }
  return undefined;
}
const GIVES_GROUPS = /--group-add|\bgroup_add:|\bsupplementalGroups:|\bfsGroup:|\bGroupAdd=|keep-groups/;
const USER_OPTIONS: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:docker|podman|nerdctl)\b.*\b(?:run|create)\b.*\s(?:-u|--user)[= ]?["']?([\w-]+)(?::([\w-]+))?/,
    'without --group-add',
  ],
  [/^\s*user:\s*["']?([\w-]+)(?::([\w-]+))?["']?\s*$/, 'without group_add'],
  [/^\s*(?:-\s*)?runAsUser:\s*(\d+)\s*$/, 'without supplementalGroups'],
];

/** The number of the node's group on the host, where the text shows it. */
const numberOf = (board: Board, { group, line }: Node) =>
  board.all('groupNumber').find((one) => one.group === group && one.view === 'host')?.number ??
  (/^\d+$/.test(group) ? group : undefined) ??
  /^\s*c\S+\s+\d+\s+\d+\s+(\d+)\s/.exec(line)?.[1];

/** It is a heap that was refused, and not only any file. */
const isHeapRefused = (board: Board) =>
  board.refused.some((one) => one.errno === 'EACCES' || isThere(board, one)) ||
  board.linesOf('others').some((line) => errnoOf(line) === 'EACCES' && /heap|\bqcom,|\bmtk_/i.test(line));

export const ACCESS: readonly Cause[] = [
  {
    id: 'GROUP_NOT_MAPPED',
    when(board) {
      if (board.has('wholeIdMap') || board.has('allocFailed')) return undefined;
      const nodes = board.all('node').filter(({ type }) => type === 'c');
      const hidden = nodes.find(({ group, mode }) => OVERFLOW.test(group) && (mode & 0o006) === 0);
      const said = board.line(NAMESPACE);
      const outside = nodes.find(
        ({ view, group, mode }) => view === 'host' && group !== 'root' && (mode & 0o060) === 0o060,
      );
      const isDropped =
        hidden === undefined &&
        said !== undefined &&
        outside !== undefined &&
        !nodes.some(({ view }) => view === 'container') &&
        isRefused(board) &&
        board.line(/keep-groups|lxc\.idmap\s*[:=]\s*g\s+(\d+)\s+\1\s+1\b/) === undefined;
      if (hidden === undefined ? !isDropped : board.has('works') && !isRefused(board)) return undefined;
      const group = (outside ?? nodes.find(({ view }) => view === 'host'))?.group ?? 'of the node';
      return {
        text: `the user namespace of the container does not map the group of the node${hidden === undefined ? ` (${group} on the host)` : `, so ls shows ${hidden.owner} ${hidden.group} instead`}. The mode is right, but users and groups in the container, root included, do not have the access of a group that is not mapped.`,
        evidence: [hidden?.line ?? outside?.line, said, board.refused[0]?.line ?? board.first('noProvider')?.line],
        fix: keepGroup(board, OVERFLOW.test(group) || group === 'root' ? 'GROUP' : group),
      };
    },
  },
  {
    id: 'PERM_DIRECTORY_OPEN',
    when(board) {
      const open = board.all('directory').find(({ mode }) => (mode & 0o002) !== 0);
      const command = board.line(
        /chmod\s+(?:-[a-zA-Z]+\s+)*(?:\d?[0-7]{2}[2367]|[augo]*\+\w*w\w*)\s+\/dev\/dma_heap\/?\s*(?:["'\s;&|]|$)/,
      );
      if (open === undefined && !(command !== undefined && !/\s-R|recursive/.test(command))) return undefined;
      return {
        text: 'the directory /dev/dma_heap is world-writable: every process can remove or replace the nodes in it and create files and links. The mode of the nodes does not prevent this.',
        evidence: [open?.line, command],
        fix: `remove what opens the directory (a RUN+= with a mode for /dev/dma_heap, a start script, tmpfiles.d), set it back to 0755 root:root, and set group and mode of the nodes with GROUP= and MODE="0660" in a udev rule`,
      };
    },
  },
  {
    id: 'GROUP_MISSING',
    when(board) {
      const unknown = board.all('unknownGroup').find((one) => isGroupOfHeaps(board, one)) ?? notInDatabase(board);
      if (unknown === undefined) return undefined;
      // systemd does not print the name.
      if (unknown.group === '') {
        const group = board.first('unitGroups')?.groups.join(', ') ?? 'of Group= or SupplementaryGroups=';
        return {
          text: `a group of the unit does not exist on this system (${group}), so systemd does not start the service (216/GROUP).`,
          evidence: [unknown.line, board.first('unitGroups')?.line],
          fix: `create the group (a line "g NAME -" in /usr/lib/sysusers.d, or groupadd --system NAME), or correct the name in the unit: getent group NAME must print it`,
        };
      }
      return {
        text: `the group ${unknown.group} does not exist on this system, so udev ignores GROUP= and the node keeps the group root.`,
        evidence: [unknown.line, board.nodes()[0]?.line],
        fix: `create the group ${unknown.group} before udev starts: a line "g ${unknown.group} -" in /usr/lib/sysusers.d, or groupadd --system ${unknown.group}; then run udevadm trigger --subsystem-match=dma_heap, and make the users members`,
      };
    },
  },
  {
    id: 'USER_MISSING',
    when(board) {
      const unknown = board.first('unknownUser');
      if (unknown === undefined) return undefined;
      const user = unknown.user || board.first('unitUser')?.user || 'named there';
      return {
        text: `the user ${user} does not exist on this system: a service with this User= does not start, and udev ignores this OWNER=.`,
        evidence: [unknown.line, board.first('unitUser')?.line],
        fix: `create the user ${user} (a line "u ${user} -" in /usr/lib/sysusers.d, or useradd --system ${user}), or correct the name in the unit, the rule or the profile`,
      };
    },
  },
  ...RULES,
  {
    id: 'LOGIN_STALE',
    when(board) {
      const node = refusedNode(board);
      const identity = groupsOf(board);
      const added = board.first('groupAdded');
      const entry = board.all('groupEntry').find(({ members }) => members.length > 0 && (node === undefined || true));
      const wanted = node?.group ?? entry?.group ?? added?.group;
      const member = board.all('groupEntry').find(({ group, members }) => group === wanted && members.length > 0);
      const known =
        identity === undefined || identity.isDatabase
          ? undefined
          : board.all('identity').find((one) => one.isDatabase && isSameUser(one, identity));
      const since = known?.groups.filter((one) => identity?.groups.includes(one) === false) ?? [];
      const missed = since.find((one) => (node === undefined ? DEVICE_GROUP.test(one) : one === node.group));
      if (missed !== undefined)
        return {
          text: `${known?.user || 'the user'} is a member of ${missed}, but this session does not have the group: it started before the user was added. A process keeps the groups that it had at its start.`,
          evidence: [known?.line, identity?.line, added?.line, node?.line],
          fix: loginAgain(missed),
        };
      const isStale =
        identity !== undefined &&
        wanted !== undefined &&
        !identity.groups.includes(wanted) &&
        (member !== undefined || added?.group === wanted || added?.group.split(',').includes(wanted) === true);
      const said = board.line(
        /newgrp|after (?:usermod|adduser)|added (?:myself|the user|user|me) to (?:the )?(?:group )?\w+|加入了?\s*\w+\s*组/i,
      );
      const later =
        identity === undefined &&
        (added !== undefined || said !== undefined) &&
        isRefused(board) &&
        node !== undefined &&
        (node.mode & 0o060) === 0o060 &&
        (added === undefined || added.group.split(',').includes(node.group));
      if (!isStale && !later) return undefined;
      if (!isRefused(board)) return undefined;
      return {
        text: `/etc/group has the user in ${wanted ?? 'the group'}, but this session (or service) started earlier: a process keeps the groups that it had at its start.`,
        evidence: [member?.line ?? added?.line ?? said, identity?.line, node?.line],
        fix: loginAgain(wanted ?? 'video'),
      };
    },
  },
  {
    id: 'PERM_DEFAULT_0600',
    when(board) {
      const node = board
        .nodes()
        .find(
          ({ type, owner, group, mode }) =>
            type === 'c' && owner === 'root' && group === 'root' && (mode & 0o077) === 0,
        );
      if (
        node === undefined ||
        !(isRefused(board) || board.has('noRules') || board.refused.length > 0 || !board.has('works'))
      )
        return undefined;
      // What allocates has opened the node.
      const isOpened = board.opensHeap !== undefined || board.all('allocation').some(({ errno }) => errno === 'ENOMEM');
      const isRefusedFirst = board.refused.some(({ errno, name }) => errno === 'EACCES' && name === node.name);
      if ((board.has('allocFailed') || isOpened) && !isRefusedFirst) return undefined;
      return {
        text: `the node ${node.name} still has the kernel's default, 0600 root:root: no udev rule and no line of mdev.conf sets the access to the subsystem dma_heap, so only root can open the node.`,
        evidence: [node.line, board.first('noRules')?.line, board.refused[0]?.line],
        fix: /ueventd|\bu:(?:object_)?r:/.test(board.text) ? FIX_UEVENTD.replace('NAME', node.name) : FIX_RULE,
      };
    },
  },
  {
    id: 'PERM_GROUP_WRONG',
    when(board) {
      const rule = rulesText(board).find(({ text }) => /GROUP:?="/.test(text));
      const wanted = /GROUP:?="([^"]*)"/.exec(rule?.text ?? '')?.[1];
      const node = refusedNode(board);
      const identity = groupsOf(board);
      const video = identity?.groups.find((one) => DEVICE_GROUP.test(one));
      const byRule = wanted !== undefined && node !== undefined && node.group !== wanted && node.group !== 'root';
      const byUser =
        node !== undefined &&
        identity !== undefined &&
        isRefused(board) &&
        video !== undefined &&
        !identity.groups.includes(node.group) &&
        (node.group === 'root' ? (node.mode & 0o060) === 0o060 : !DEVICE_GROUP.test(node.group));
      const isOutsider =
        node !== undefined &&
        identity !== undefined &&
        userInContainer(board) === undefined &&
        isHeapRefused(board) &&
        node.owner === 'root' &&
        node.group === 'root' &&
        (node.mode & 0o066) === 0o060 &&
        identity.user !== 'root' &&
        !identity.groups.includes('root');
      if (!byRule && !byUser && isOutsider)
        return {
          text: `the group of the node is wrong: ${node.name} belongs to root root with mode 0${(node.mode & 0o777).toString(8)}, and ${identity.user || 'the user'} is neither root nor a member of the group root. The mode gives access to a group, and no group of users has the node.`,
          evidence: [node.line, identity.line, board.refused[0]?.line],
          fix: /ueventd|\bu:(?:object_)?r:/.test(board.text) ? FIX_UEVENTD.replace('NAME', node.name) : FIX_RULE,
        };
      if (!byRule && !byUser) return undefined;
      // udev sets the mode of the rule all the same when it does not know the group.
      if (wanted !== undefined && node?.group === 'root' && identity?.groups.includes(wanted) !== true)
        return {
          text: `the group of the node is wrong: ${node.name} has a mode for a group and belongs to root, and the rule states GROUP="${wanted}". Either the group ${wanted} does not exist (udev then ignores GROUP= and applies MODE=), or another rule sets the group later.`,
          evidence: [node.line, rule?.line, identity?.line],
          fix: `look whether the group exists: getent group ${wanted}. If it prints nothing, correct the name in the rule${video === undefined ? '' : ` (the user is in ${video})`}, or create the group; otherwise \`udevadm test /sys/class/dma_heap/${node.name}\` shows the rule that wins. Then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap`,
        };
      const should = wanted ?? video ?? 'video';
      return {
        text: `the group of the node is wrong: ${node?.name} belongs to ${node?.group}, but the users of the heap are in ${should}. The mode is right.`,
        evidence: [node?.line, rule?.line, identity?.line],
        fix: `correct GROUP= in the rule that wins: SUBSYSTEM=="dma_heap", GROUP="${should}", MODE="0660" (\`udevadm test /sys/class/dma_heap/${node?.name ?? 'system'}\` shows which file wins), then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap`,
      };
    },
  },
  {
    id: 'PERM_OWNER_WRONG',
    when(board) {
      const rule = rulesText(board).find(({ text }) => /OWNER:?="/.test(text));
      const wanted = /OWNER:?="([^"]*)"/.exec(rule?.text ?? '')?.[1];
      const node = refusedNode(board) ?? board.nodes()[0];
      if (node === undefined) return undefined;
      const byRule = wanted !== undefined && node.owner !== wanted;
      const byNode = node.owner !== 'root' && wanted === undefined && (node.mode & 0o060) === 0 && isRefused(board);
      if (!byRule && !byNode) return undefined;
      return {
        text: `the owner of ${node.name} is ${node.owner}${wanted === undefined ? '' : `, but the rule sets ${wanted}`}: with mode 0${(node.mode & 0o777).toString(8)} no other user can open it.`,
        evidence: [node.line, rule?.line],
        fix: `correct OWNER= in the rule that wins (udevadm test shows which), or better, keep root as the owner and give access to a group with GROUP="video", MODE="0660"`,
      };
    },
  },
  {
    id: 'PERM_MODE_WRONG',
    when(board) {
      const node = refusedNode(board);
      const identity = groupsOf(board);
      if (node === undefined || !isRefused(board) || node.group === 'root') return undefined;
      // Android's library opens heaps read-only: what others may read, its policy denies.
      if ((node.mode & 0o004) !== 0 && board.line(/\bDMABUFHEAPS\b|\bBufferAllocator\b/) !== undefined)
        return undefined;
      const masked = maskedEntry(board, identity?.user, node.group);
      if (masked !== undefined)
        return {
          text: `the access list of ${node.name} has an entry for the user or the group, and its mask takes the rights away: with an access list, the middle three letters of the mode are the mask, and a chmod or a MODE= sets it.`,
          evidence: [masked.line, board.all('acl').find(({ tag }) => tag === 'mask')?.line, node.line],
          fix: `set MODE="0660" in the rule that wins, and remove the chmod that changed the mode: then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap. getfacl /dev/dma_heap/${node.name} must show the entry without "#effective:"`,
        };
      const isMember = identity === undefined || identity.groups.includes(node.group);
      const lacksWrite = (node.mode & 0o060) === 0o040;
      const lacksRead = (node.mode & 0o060) === 0o020;
      const lacksAll = (node.mode & 0o060) === 0;
      if (!(lacksWrite || lacksRead || lacksAll) || !isMember) return undefined;
      return {
        text: `the mode of ${node.name} is 0${(node.mode & 0o777).toString(8)}: the group ${node.group} ${lacksAll ? 'cannot open it' : lacksRead ? 'cannot read it, but the program opens it with O_RDWR' : 'can only open it read-only, but the program opens it with O_RDWR'}. Owner and group are right.`,
        evidence: [node.line, board.refused[0]?.line, identity?.line],
        fix: `correct MODE= in the rule that wins to MODE="0660" (\`udevadm test /sys/class/dma_heap/${node.name}\` shows which file wins), then run udevadm control --reload and udevadm trigger --subsystem-match=dma_heap`,
      };
    },
  },
  {
    id: 'USER_NOT_IN_GROUP',
    when(board) {
      const node = refusedNode(board);
      const identity = groupsOf(board);
      if (node === undefined || !isRefused(board) || node.group === 'root' || (node.mode & 0o060) === 0)
        return undefined;
      const inside = userInContainer(board);
      if (inside !== undefined && (node.mode & 0o006) === 0 && isHeapRefused(board)) {
        const number = numberOf(board, node);
        if (inside.group === node.group || inside.group === number) return undefined;
        const id = number ?? 'GID';
        return {
          text: `the process in the container does not have the group of the node: ${node.name} belongs to the group ${node.group} with mode 0${(node.mode & 0o777).toString(8)}, and the container runs as the user ${inside.user} ${inside.how}. Groups that this user has on the host do not count in the container.`,
          evidence: [node.line, inside.line, board.refused[0]?.line],
          fix: `add the number of the node's group to the process in the container: --group-add ${id} for docker and podman run, group_add: ["${id}"] in compose, supplementalGroups: [${id}] in a pod${number === undefined ? ` (stat -c %g /dev/dma_heap/${node.name} on the host shows GID)` : ''}`,
        };
      }
      // An access list gives the user what the group would give.
      if (isListed(board, identity?.user)) return undefined;
      const unit = board.first('unitUser');
      if (board.all('unitGroups').some(({ groups }) => groups.includes(node.group))) return undefined;
      // The mode does not keep root out.
      if (identity?.user === 'root' || identity?.user === '0') return undefined;
      if (identity === undefined ? unit === undefined : identity.groups.includes(node.group)) return undefined;
      const user = identity?.user || unit?.user || 'the user';
      return {
        text: `${node.name} belongs to the group ${node.group} with mode 0${(node.mode & 0o777).toString(8)}, but ${user} is not a member of ${node.group}.`,
        evidence: [node.line, identity?.line ?? unit?.line, board.refused[0]?.line],
        fix: board.all('node').some((one) => one.view === 'container')
          ? `add the number of the node's group to the process in the container: group_add: ["GID"] in compose, --group-add GID for docker and podman run (getent group ${node.group} on the host shows GID)`
          : `make ${user} a member: usermod -aG ${node.group} ${user} and log in again, or set SupplementaryGroups=${node.group} in the unit of the service`,
      };
    },
  },
  {
    id: 'PERM_WORLD_ACCESS',
    when: (board) =>
      ASKS_ABOUT_ACCESS.test(board.text) || opening(board) !== undefined ? openToAll(board) : undefined,
  },
];

/** The mask leaves an entry without the rights to open a heap. */
const maskedEntry = (board: Board, user: string | undefined, group: string) => {
  const mask = board.all('acl').find(({ tag }) => tag === 'mask');
  if (mask === undefined || mask.rights.startsWith('rw')) return undefined;
  return board
    .all('acl')
    .find(({ tag, name }) => (tag === 'user' ? name === user : tag === 'group' && (name === '' || name === group)));
};
const isListed = (board: Board, user: string | undefined) =>
  user !== undefined &&
  board.all('acl').some(({ tag, name, rights }) => tag === 'user' && name === user && rights.startsWith('rw'));

/** A mode that the person asks about, or sets. */
const ASKS_ABOUT_ACCESS =
  /secur|audit|pentest|safe|world|everybody|everyone|anyone|安全|666|ok\?|normal\?|allowed|risk|should/i;
const OPENED = /chmod\s+(?:-[a-zA-Z]+\s+)*(?:0?666|0?777|[augo]*\+\w*[rw]\w*)\s+\/dev\/dma_heap\/\S/;
/** A line that gives the access, by hand or as a rule for heaps. */
const opening = (board: Board) =>
  board.line(OPENED) ??
  rulesText(board).find(({ text }) => /MODE:?="0?66[46]"/.test(text) && neverMatches(text) === undefined)?.line;

/** Where nothing else is shown, the listing itself is what the person asks about. */
export const OPEN_TO_ALL: Cause = {
  id: 'PERM_WORLD_ACCESS',
  // Android lets every process open the system heap for reading; its policy decides.
  when: (board) => (/\bu:(?:object_)?r:|android|logcat|ueventd/i.test(board.text) ? undefined : openToAll(board)),
};

function openToAll(board: Board): Found | undefined {
  const node = board.nodes().find(({ type, mode, owner }) => type === 'c' && (mode & 0o006) !== 0 && owner === 'root');
  const command = opening(board);
  if (node === undefined && command === undefined) return undefined;
  if (board.has('allocFailed') || board.refused.length > 0 || board.has('allocation')) return undefined;
  return {
    text: `${node === undefined ? 'this line lets every process open the heap' : `every process can open the heap (${node.name} is readable or writable for others)`}, and a process that opens it, even read-only, can allocate all of its memory: heap memory is not charged to a cgroup.`,
    evidence: [node?.line, command],
    fix: 'give access to one group instead: SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660" in the rule that wins, and make the services that need it members of that group',
  };
}
