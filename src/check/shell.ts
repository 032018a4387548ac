/** Shell scripts: read by sh, and by shellcheck where it is installed. */
import { type CodeTable, type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import type { SourceText } from '../source/index.js';
import type { Check, CheckedTree, Tools } from './types.js';

export const SHELL_CODES = defineCodes({
  'shell/syntax': {
    severity: 'error',
    title: 'sh cannot read the script',
    explain: 'sh -n finds a syntax error, so the script stops there.',
  },
  'shell/lint': {
    severity: 'error',
    title: 'shellcheck finds a fault',
    explain: 'shellcheck must accept a generated script. https://www.shellcheck.net/wiki/ explains each code.',
  },
} satisfies CodeTable);

const report = reporter(SHELL_CODES);

const scripts = ({ files }: CheckedTree): SourceText[] =>
  files.filter(({ file, text }) => file.endsWith('.sh') || /^#!\s*\/(?:usr\/)?bin\/(?:env )?(?:ba|da)?sh\b/.test(text));

/** The scripts, each with a copy that a tool can open. */
async function copies(subjects: readonly SourceText[], tools: Tools): Promise<{ source: SourceText; copy: string }[]> {
  const work = await tools.scratch();
  return Promise.all(
    subjects.map(async (source, i) => {
      const copy = `${work}/${i}.sh`;
      await tools.writeText(copy, source.text);
      return { source, copy };
    }),
  );
}

const syntax: Check = {
  id: 'shell-syntax',
  title: 'Shell script: sh accepts the syntax',
  subjects: scripts,
  needs: { tools: ['sh'], inputs: [] },
  async run(subjects, { tools }) {
    const diagnostics: Diagnostic[] = [];
    for (const { source, copy } of await copies(subjects, tools)) {
      const { exitCode, stderr } = await tools.run(/^#!.*\bbash\b/.test(source.text) ? 'bash' : 'sh', ['-n', copy]);
      if (exitCode === 0) continue;
      // dash says "FILE: 3: Syntax error", bash "FILE: line 3: syntax error".
      const said = stderr.trim().replaceAll(copy, source.file);
      const number = Number(/: (?:line )?(\d+): /.exec(said)?.[1] ?? 1);
      const span = { file: source.file, line: number, column: 1, endLine: number, endColumn: 1 };
      diagnostics.push(report('shell/syntax', { message: `sh -n: ${said}`, span }));
    }
    return diagnostics;
  },
};

const lint: Check = {
  id: 'shellcheck',
  title: 'Shell script: shellcheck accepts it',
  subjects: scripts,
  needs: { tools: ['shellcheck'], inputs: [] },
  async run(subjects, { tools }) {
    const diagnostics: Diagnostic[] = [];
    for (const { source, copy } of await copies(subjects, tools)) {
      const shell = /^#!/.test(source.text) ? [] : ['--shell=sh'];
      const { stdout } = await tools.run('shellcheck', [...shell, '--format=json1', copy]);
      for (const c of (JSON.parse(stdout) as { comments: readonly ShellcheckComment[] }).comments)
        diagnostics.push(
          report('shell/lint', {
            severity: c.level === 'error' || c.level === 'warning' ? 'error' : 'note',
            message: `shellcheck SC${c.code}: ${c.message}`,
            span: { file: source.file, line: c.line, column: c.column, endLine: c.endLine, endColumn: c.endColumn },
          }),
        );
    }
    return diagnostics;
  },
};

interface ShellcheckComment {
  readonly line: number;
  readonly endLine: number;
  readonly column: number;
  readonly endColumn: number;
  readonly level: string;
  readonly code: number;
  readonly message: string;
}

export const SHELL_CHECKS: readonly Check[] = [syntax, lint];
