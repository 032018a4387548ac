#!/usr/bin/env node
/** Where `dmaheap` starts. */
import { EXIT } from './exit.js';
import { nodeTooOld } from './node-version.js';
import { isTerminal, writeStandard } from './standard-streams.js';
import { printable } from './terminal.js';
import { VERSION } from './version.js';

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  // Asked by scripts before every build, so it loads nothing.
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V' || argv[0] === 'version')) {
    writeStandard(1, `${VERSION}\n`);
    return;
  }
  const complaint = nodeTooOld(process.versions.node);
  if (complaint !== undefined) {
    writeStandard(2, complaint);
    process.exitCode = EXIT.environment;
    return;
  }
  const { runProgram } = await import('./program.js');
  const isShown = isTerminal(2);
  process.exitCode = await runProgram(argv, {
    ...(isShown && isTerminal(0) ? { ask } : {}),
    ...(isShown ? { terminal: process.stderr } : {}),
    stdout: (text) => writeStandard(1, text),
    stderr: (text) => writeStandard(2, text),
    environment: process.env,
    directory: process.cwd(),
    isTerminal: isShown && isTerminal(1),
  });
}

/** Questions go to stderr, so that what is asked for on stdout stays whole. */
async function ask(question: string): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ctrl-D ends the input and leaves the question for ever; Ctrl-C gives up.
    const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
}

main().catch((error: unknown) => {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  writeStandard(
    2,
    `dmaheap ${VERSION}: this is a defect of dmaheap and not of your input.\n${printable(detail)}\n` +
      'Please report it where you got dmaheap from, with the command line, the profile and the lines above.\n',
  );
  process.exitCode = EXIT.defect;
});
