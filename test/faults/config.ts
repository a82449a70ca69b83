/** How long faults are injected at random, in minutes. */
export const randomFaultsMinutes = Number(process.env['MOLO_RANDOM_FAULTS_MINUTES'] ?? 10);
/** The same seed makes the same faults again, though never at the very same instant. */
export const randomFaultsSeed = Number(process.env['MOLO_RANDOM_FAULTS_SEED'] ?? Date.now() % 1_000_000);
