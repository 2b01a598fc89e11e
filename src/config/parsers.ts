import { isIP } from 'node:net'
import { type Network, readNetwork } from '../core/address.ts'
import { formatDuration, readDuration } from '../core/duration.ts'
import type { Words } from '../core/language.ts'
import { Secret } from '../core/secret.ts'

/** A setting's value, or what is wrong with its text; `message` follows the setting's name in an error. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; message: Words }
export type Parser<T> = (text: string) => Parsed<T>

interface Range {
  min: number
  max: number
}

const SHOWN_CHARACTERS = 60

const accept = <T>(value: T): Parsed<T> => ({ ok: true, value })
export const refuse = (en: string, zh: string): Parsed<never> => ({ ok: false, message: { en, zh } })
const quote = (text: string): string =>
  JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text)
const splitList = (text: string): string[] => (text === '' ? [] : text.split(',').map(item => item.trim()))

export const oneOf =
  <const T extends string>(...words: readonly T[]): Parser<T> =>
  text => {
    const word = words.find(candidate => candidate === text)
    return word === undefined
      ? refuse(
          `${quote(text)} is unknown; write one of ${words.join(', ')}`,
          `不认识 ${quote(text)}；可填 ${words.join('、')}`,
        )
      : accept(word)
  }

/** At least one of these words, separated by commas; each once, in their order here. */
export const someOf =
  <const T extends string>(...words: readonly T[]): Parser<readonly T[]> =>
  text => {
    const items = splitList(text)
    const stray = items.find(item => !words.some(word => word === item))
    return stray === undefined && items.length > 0
      ? accept(words.filter(word => items.includes(word)))
      : refuse(
          `${quote(stray ?? text)} is unknown; write some of ${words.join(', ')}, separated by commas`,
          `不认识 ${quote(stray ?? text)}；可填 ${words.join('、')} 中的若干项，以英文逗号分隔`,
        )
  }

export const flag: Parser<boolean> = text =>
  text === 'true' || text === 'false'
    ? accept(text === 'true')
    : refuse(`${quote(text)} is not true or false`, `${quote(text)} 无效；须为 true 或 false`)

export const wholeNumber =
  ({ min, max }: Range): Parser<number> =>
  text => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return number >= min && number <= max
      ? accept(number)
      : refuse(
          `${quote(text)} is not a whole number from ${min} to ${max}`,
          `${quote(text)} 无效；须为 ${min} 到 ${max} 的整数`,
        )
  }

const decimal =
  (holds: (number: number) => boolean, en: string, zh: string): Parser<number> =>
  text => {
    const number = /^\d{1,6}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN
    return holds(number) ? accept(number) : refuse(`${quote(text)} is not ${en}`, `${quote(text)} 无效；${zh}`)
  }

/** A number a second, fractions allowed. */
export const rate = ({ max }: Pick<Range, 'max'>): Parser<number> =>
  decimal(
    number => number > 0 && number <= max,
    `a rate; write a number above 0 and at most ${max}, such as 5 or 0.5`,
    `须大于 0 且不超过 ${max}，例如 5 或 0.5`,
  )

export const ratio: Parser<number> = decimal(
  number => number <= 1,
  'a number from 0 to 1, such as 0.05',
  '须为 0 到 1 的数，例如 0.05',
)

/** Milliseconds. */
export const duration =
  ({ min, max }: Range): Parser<number> =>
  text => {
    const ms = readDuration(text)
    return ms !== null && ms >= min && ms <= max
      ? accept(ms)
      : refuse(
          `${quote(text)} is not a duration with its unit, such as 15s, from ${formatDuration(min)} to ${formatDuration(max)}`,
          `${quote(text)} 无效；须为数字加单位的时长（例如 15s），在 ${formatDuration(min)} 到 ${formatDuration(max)} 之间`,
        )
  }

/** Milliseconds each. */
export const durationList =
  ({ min, max, most }: Range & { most: number }): Parser<readonly number[]> =>
  text => {
    const items = splitList(text)
    if (items.length > most)
      return refuse(`has ${items.length} entries; write at most ${most}`, `有 ${items.length} 项，最多 ${most} 项`)
    const parsed = items.map(duration({ min, max }))
    return parsed.find(item => !item.ok) ?? accept(parsed.flatMap(item => (item.ok ? item.value : [])))
  }

/** CIDRs. A prefix shorter than `widest` is refused: it opens more of the address space than anybody means. */
export const networks =
  (widest = { ipv4: 0, ipv6: 0 }): Parser<readonly Network[]> =>
  text => {
    const found: Network[] = []
    for (const item of splitList(text)) {
      const network = readNetwork(item)
      if (network === null)
        return refuse(
          `${quote(item)} is not a network; write an address and a prefix length, such as 192.0.2.10/32`,
          `${quote(item)} 不是网段；请写地址加前缀长度，例如 192.0.2.10/32`,
        )
      const least = widest[network.family]
      if (network.prefix < least)
        return refuse(
          `${quote(item)} is too wide; name the networks you mean, /${least} or narrower`,
          `${quote(item)} 范围过大；请写明具体网段，前缀长度至少为 /${least}`,
        )
      found.push(network)
    }
    return accept(found)
  }

/** Addresses and CIDRs, as they are written. */
export const sources: Parser<readonly string[]> = text => {
  const items = splitList(text)
  const checked = networks()(items.filter(item => isIP(item) === 0).join(','))
  return checked.ok ? accept(items) : checked
}

/** An address or a host name to listen on. */
export const host: Parser<string> = text =>
  isIP(text) || /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*(?=[a-z0-9-]*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(text)
    ? accept(text)
    : refuse(
        `${quote(text)} is not an IP address or a host name, such as 0.0.0.0`,
        `${quote(text)} 不是 IP 地址或主机名，例如 0.0.0.0`,
      )

const NO_WORD = refuse('has spaces or characters outside ASCII; copy it again', '含有空格或非 ASCII 字符；请重新复制')

const isWord = (text: string): boolean => /^[\x21-\x7e]{1,512}$/.test(text)

export const word: Parser<string> = text => (isWord(text) ? accept(text) : NO_WORD)

/** A secret for a header or a password. Its messages never show the text. */
export const secretWord =
  ({ min }: Pick<Range, 'min'>): Parser<Secret> =>
  text => {
    if (!isWord(text)) return NO_WORD
    return text.length >= min
      ? accept(new Secret(text))
      : refuse(
          `has ${text.length} characters; take at least ${min}, such as from: openssl rand -hex 32`,
          `只有 ${text.length} 个字符，至少需要 ${min} 个；可用 openssl rand -hex 32 生成`,
        )
  }

export const secretKey =
  ({ bytes }: { bytes: number }): Parser<Secret> =>
  text => {
    const key = Buffer.from(text, 'base64')
    return key.length === bytes && key.toString('base64') === text
      ? accept(new Secret(text))
      : refuse(
          `is not the base64 of exactly ${bytes} bytes; make one with: openssl rand -base64 ${bytes}`,
          `不是 ${bytes} 字节的 base64；可用 openssl rand -base64 ${bytes} 生成`,
        )
  }
