/** conf with probes of its own: which commands it runs and what they say, against what was recorded. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { shellAnswer } from '../../../src/kconfig/index.js';
import type { Subject } from './trees.js';

export async function liveProbes(conf: string, subject: Subject): Promise<{ count: number; lines: string[] }> {
  const work = path.join(subject.work, `live-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    const log = path.join(work, 'asked');
    await execa(conf, ['--alldefconfig', 'Kconfig'], {
      cwd: work,
      env: { ...process.env, ...subject.environment, LC_ALL: 'C', KCONFIG_ASKED: log },
      extendEnv: false,
    });
    const asked = new Map<string, string>();
    const text = readFileSync(log, 'latin1');
    for (let at = 0; at < text.length; ) {
      const header = /(\d+):(\d+):/y;
      header.lastIndex = at;
      const match = header.exec(text) as RegExpExecArray;
      const start = at + match[0].length;
      const middle = start + Number(match[1]);
      at = middle + Number(match[2]);
      asked.set(text.slice(start, middle), shellAnswer(text.slice(middle, at)));
    }
    const lines: string[] = [];
    for (const [command, answer] of asked)
      if (!subject.answers.has(command)) lines.push(`- conf asks: ${command}`);
      else if (subject.answers.get(command) !== answer)
        lines.push(`- ${command}: conf hears '${answer}', recorded is '${subject.answers.get(command)}'`);
    for (const command of subject.answers.keys()) if (!asked.has(command)) lines.push(`+ only we ask: ${command}`);
    return { count: asked.size, lines };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
