import { KCL_VERSIONS, kclClassPath } from './kcl-library';

/** Global setup of the interop tests: has the library in every version they run. */
module.exports = async (): Promise<void> => {
  for (const version of KCL_VERSIONS) {
    await kclClassPath(version);
  }
};
