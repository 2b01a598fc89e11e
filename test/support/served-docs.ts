import { writeServedDocs } from '../../scripts/served-docs.ts'

/** The pages of `/docs` as they are now, for every test that reads one. */
export const setup = writeServedDocs
