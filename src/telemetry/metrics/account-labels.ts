/** Accounts that have a label of their own. */
export const MOST_ACCOUNTS = 1_000
const OTHERS = 'other'

/**
 * Gives the label of an account, its APIID, and `other` where there are too many already.
 *
 * @param begin told of each label once, before its first use
 */
export const createAccountLabels = (begin: (label: string) => void) => {
  const known = new Set<string>()
  const know = (label: string): string => {
    if (known.has(label)) return label
    known.add(label)
    begin(label)
    return label
  }
  return (account: string): string => (known.has(account) || known.size < MOST_ACCOUNTS ? know(account) : know(OTHERS))
}
