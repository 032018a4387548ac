// What src/verify does, without its bundle: load the addon, run it, print the report.
const addon = require(process.argv[3]);
addon.verify({ root: '', expect: process.argv[2], deep: false, waitMs: 0, limitMs: 0 }).then((answer) => {
  process.stdout.write(answer.report ?? `${answer.line}: ${answer.message}\n`);
  process.exitCode = answer.report ? JSON.parse(answer.report).summary.exitCode : 2;
});
