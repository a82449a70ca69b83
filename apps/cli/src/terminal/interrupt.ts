/** Somebody pressed Ctrl-C, or Ctrl-D, where they were asked something. */
export class Interrupt extends Error {}
