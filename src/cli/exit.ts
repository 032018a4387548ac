/** Exit statuses of `dmaheap`, the same for every command. */
export const EXIT = {
  good: 0,
  /** Findings, or something refuted. */
  findings: 1,
  /** The command line or the profile is wrong. */
  usage: 2,
  /** A tool or file that is needed is missing. */
  environment: 3,
  /** `verify` alone: there was nothing to test. */
  untestable: 4,
  /** Our own defect. */
  defect: 70,
} as const;

export type Exit = (typeof EXIT)[keyof typeof EXIT];
