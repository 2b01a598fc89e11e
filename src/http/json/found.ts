import { AppError } from '../../core/error.ts'
import type { Words } from '../../core/language.ts'

/** What an id can be of, in Chinese. */
const NOUNS = {
  registration: '登记',
  'signing secret': '签名密钥',
  resend: '批量重发',
  partner: '合作方',
  account: '账户',
  key: '密钥',
  'bulk act': '批量操作',
} as const
export type Noun = keyof typeof NOUNS

/** The text is the same whether the object does not exist or belongs to somebody else. */
const noneWithId = (noun: Noun): Words => ({
  en: `There is no ${noun} with this id.`,
  zh: `没有该 id 对应的${NOUNS[noun]}。`,
})

/** The value, or `AppError('not_found')` for null. */
export const found = <T>(value: T | null, noun: Noun): T => {
  if (value === null) throw new AppError('not_found', noneWithId(noun))
  return value
}

/** An id from a path. Throws `AppError('not_found')` for what cannot be an id, so that no such text reaches the database. */
export const readId = (id: string, noun: Noun): string => found(/^\w{1,64}$/.test(id) ? id : null, noun)
