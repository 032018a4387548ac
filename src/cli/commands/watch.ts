/** Does something now and again whenever one of the files it read changes, until Ctrl-C. */
import { type FSWatcher, watch } from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.js';
import type { Exit } from '../exit.js';

/** What a pass found, and the files it read. */
export interface Judged {
  readonly exit: Exit;
  readonly read: readonly string[];
}

/** Editors write a file in several steps: one pass for all of them. */
const SETTLE_MILLIS = 100;

/** Watches directories, because editors replace a file rather than write into it. Never returns. */
export async function watchFiles(context: Context, pass: () => Judged): Promise<never> {
  let watchers: FSWatcher[] = [];
  const changed = (files: readonly string[]) =>
    new Promise<string>((resolve) => {
      const directories = new Map<string, Set<string>>();
      for (const file of files) {
        const directory = path.dirname(file);
        directories.set(directory, (directories.get(directory) ?? new Set()).add(path.basename(file)));
      }
      watchers = [...directories].flatMap(([directory, names]) => {
        try {
          return watch(directory, (_, name) => {
            if (name !== null && names.has(name)) resolve(path.join(directory, name));
          });
        } catch {
          // A directory that does not exist cannot change; the pass has reported it.
          return [];
        }
      });
    });
  for (;;) {
    const { read } = pass();
    const waiting = changed(read);
    context.note(`watching ${read.length} ${read.length === 1 ? 'file' : 'files'}; Ctrl-C stops`);
    const file = await waiting;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MILLIS));
    for (const watcher of watchers) watcher.close();
    context.note(`\n${path.relative(context.options.directory, file)} changed`);
  }
}
