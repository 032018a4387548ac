/** The possible words at the end of an unfinished command line. Commands and options come from the program's declaration. */
import type { Option } from 'commander';
import { COMMON_KERNELS, FACTS } from '../facts/index.js';
import { readProfile } from '../profile/load.js';
import { TARGETS } from '../render/index.js';
import { allCodes } from './codes.js';
import { type Declaration, globalOptions } from './declaration.js';
import { readProfileText } from './files.js';

/** Options whose values are names that we know. */
const VALUES: Readonly<Record<string, () => readonly string[]>> = {
  '--arch': () => ['arm64', 'arm', 'riscv64', 'x86_64'],
  '--kernel': () => COMMON_KERNELS,
  '--page-size': () => ['4K', '16K', '64K'],
  '--probes': () => ['run', 'replay', 'deny'],
  '--target': () => TARGETS.map((target) => target.name),
};

function valuesOf(option: Option): readonly string[] {
  return option.argChoices ?? VALUES[option.long ?? '']?.() ?? [];
}

/** Regions and heaps of the profile that is already on the line. */
function subjectsOf(words: readonly string[], resolve: (file: string) => string): string[] {
  const file = words.find((word) => /\.jsonc?$/.test(word));
  const profile = file === undefined ? undefined : readProfile(resolve(file), readProfileText).value?.profile;
  return [
    ...Object.keys(profile?.regions ?? {}).map((name) => `region:${name}`),
    ...Object.keys(profile?.heaps ?? {}).map((name) => `heap:${name}`),
  ];
}

function argumentsOf(command: string, words: readonly string[], resolve: (file: string) => string): readonly string[] {
  if (command === 'facts') return [...FACTS.keys()];
  if (command === 'explain') return [...subjectsOf(words, resolve), ...Object.keys(allCodes())];
  if (command === 'targets') return TARGETS.map((target) => target.name);
  if (command === 'completion') return ['bash', 'zsh', 'fish'];
  return [];
}

/**
 * @param words the words after `dmaheap`; the last one is unfinished and may be empty
 * @returns candidates for the last word; none: the shell offers files
 */
export function complete(
  commands: readonly Declaration[],
  words: readonly string[],
  resolve: (file: string) => string,
): string[] {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const name = before.find((word) => commands.some((c) => c.name === word));
  const command = commands.find((c) => c.name === name);
  const options = [...(command?.options ?? []), ...globalOptions()];
  const previous = before.at(-1);
  const awaiting = options.find(
    (o) => previous !== undefined && [o.long, o.short].includes(previous) && (o.required || o.optional),
  );
  const candidates =
    awaiting !== undefined
      ? valuesOf(awaiting)
      : last.startsWith('-')
        ? [...options.flatMap((o) => o.long ?? o.short ?? []), '--help']
        : command === undefined
          ? commands.map((c) => c.name)
          : argumentsOf(command.name, before, resolve);
  return [...new Set(candidates.filter((candidate) => candidate.startsWith(last)))].sort();
}

/** Shell code that asks `dmaheap completion --line` and falls back to files. */
export const COMPLETION_SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# shellcheck shell=bash
# Completion of dmaheap for bash: dmaheap completion bash > /etc/bash_completion.d/dmaheap
_dmaheap() {
  local current=\${COMP_WORDS[COMP_CWORD]} words
  # readline cuts words at ':' and '='; candidates must not repeat the text before the cut.
  mapfile -t words < <(dmaheap completion --line -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "\${#words[@]}" -gt 0 ] && [ -n "\${words[0]}" ]; then
    COMPREPLY=("\${words[@]}")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -o bashdefault -F _dmaheap dmaheap
`,
  zsh: `#compdef dmaheap
# Completion of dmaheap for zsh: dmaheap completion zsh > "\${fpath[1]}/_dmaheap"
_dmaheap() {
  local -a candidates
  candidates=("\${(@f)$(dmaheap completion --line -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=("\${(@)candidates:#}")
  if (( \${#candidates} )); then
    compadd -- "\${candidates[@]}"
  else
    _files
  fi
}
compdef _dmaheap dmaheap
`,
  fish: `# Completion of dmaheap for fish: dmaheap completion fish > ~/.config/fish/completions/dmaheap.fish
function __dmaheap_complete
    set -l words (commandline -opc) (commandline -ct)
    dmaheap completion --line -- $words[2..-1] 2>/dev/null
end
complete -c dmaheap -a '(__dmaheap_complete)'
`,
};
