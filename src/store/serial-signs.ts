import type { EnumerationState } from '../core/enumeration.ts'

/** Of a partner, as it is stored. */
export interface SerialSignsRow extends Omit<EnumerationState, 'conflicts'> {
  partnerId: string
  /** JSON. */
  conflicts: string
}

export const stateOfSigns = ({ partnerId: _, conflicts, ...counts }: SerialSignsRow): EnumerationState => ({
  ...counts,
  conflicts: JSON.parse(conflicts) as EnumerationState['conflicts'],
})

export const rowOfSigns = (partnerId: string, { conflicts, ...counts }: EnumerationState): SerialSignsRow => ({
  ...counts,
  partnerId,
  conflicts: JSON.stringify(conflicts),
})
