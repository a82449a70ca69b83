/** The environment from which `molo promote` takes a release where none is named. */
export const promotedFrom = 'staging';
