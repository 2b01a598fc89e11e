import { expect, test } from 'vitest'
import { givenUpSince } from '../../../src/store/stats/given-up.ts'
import { MAX_GIVEN_UP } from '../../../src/store/stats/stats.ts'
import type { Tx } from '../../../src/store/tx.ts'

test.each([MAX_GIVEN_UP - 1, MAX_GIVEN_UP])(
  'of %i found webhooks it says whether it counted no further',
  async found => {
    const isCapped = found === MAX_GIVEN_UP
    const tx = { all: async () => [{ counted: 7, found }] } as unknown as Tx
    expect(await givenUpSince(tx, 0)).toEqual({
      givenUp: 7,
      givenUpIsCapped: isCapped,
      resent: 7,
      resentIsCapped: isCapped,
    })
  },
)
