import { isIP } from 'node:net'
import { type Network, readNetwork } from '../core/address.ts'
import { formatDuration, readDuration } from '../core/duration.ts'
import type { Words } from '../core/language.ts'
import { Secret } from '../core/secret.ts'

/** Reads a setting, or an option or argument of a command. */
export interface Parser<T> {
  /** Requirement, printed after the name in an error. An error never repeats the text, since it may hold a secret. */
  must: Words
  /** Returns null if the text is not valid. */
  parse: (text: string) => T | null
  /** All possible values, for help and completion. */
  choices?: readonly string[]
}

interface Range {
  min: number
  max: number
}

/** Reads each item of a comma-separated list; returns null if one is not valid. */
const readEach = <T>(text: string, parse: (item: string) => T | null): T[] | null => {
  const items = text === '' ? [] : text.split(',').map(item => parse(item.trim()))
  const read = items.flatMap(item => (item === null ? [] : [item]))
  return read.length === items.length ? read : null
}

export const matching = (pattern: RegExp, must: Words): Parser<string> => ({
  must,
  parse: text => (pattern.test(text) ? text : null),
})

export const enumOf = <const T extends string>(choices: readonly T[]): Parser<T> => ({
  must: { en: `must be one of ${choices.join(', ')}`, zh: `须为 ${choices.join('、')} 之一` },
  parse: text => choices.find(choice => choice === text) ?? null,
  choices,
})

/** At least one of these words, separated by commas. Returns each once, in their order here. */
export const someOf = <const T extends string>(words: readonly T[]): Parser<readonly T[]> => ({
  must: {
    en: `must be some of ${words.join(', ')}, separated by commas`,
    zh: `须为 ${words.join('、')} 中的若干项，以英文逗号分隔`,
  },
  parse: text => {
    const items = readEach(text, enumOf(words).parse)
    return items && items.length > 0 ? words.filter(word => items.includes(word)) : null
  },
})

export const timeOfDay = matching(/^([01]\d|2[0-3]):[0-5]\d$/, {
  en: 'must be a time of the day, from 00:00 to 23:59',
  zh: '须为 00:00 到 23:59 的时刻',
})

export const flag: Parser<boolean> = {
  must: { en: 'must be true or false', zh: '须为 true 或 false' },
  parse: text => (text === 'true' || text === 'false' ? text === 'true' : null),
}

export const wholeNumber = ({ min, max }: Range): Parser<number> => ({
  must: { en: `must be a whole number from ${min} to ${max}`, zh: `须为 ${min} 到 ${max} 的整数` },
  parse: text => (/^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : null),
})

/** Fractions allowed. */
export const decimal = ({ min, max }: Range): Parser<number> => ({
  must: { en: `must be a number from ${min} to ${max}`, zh: `须为 ${min} 到 ${max} 的数` },
  parse: text =>
    /^\d{1,6}(\.\d{1,9})?$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : null,
})

/** Milliseconds. */
export const duration = ({ min, max }: Range): Parser<number> => {
  const [shortest, longest] = [formatDuration(min), formatDuration(max)]
  return {
    must: {
      en: `must be a duration with its unit, such as 15s, from ${shortest} to ${longest}`,
      zh: `须为数字加单位的时长（例如 15s），在 ${shortest} 到 ${longest} 之间`,
    },
    parse: text => {
      const ms = readDuration(text)
      return ms !== null && ms >= min && ms <= max ? ms : null
    },
  }
}

/** Milliseconds each. */
export const durationList = ({ most, ...range }: Range & { most: number }): Parser<readonly number[]> => {
  const { must, parse } = duration(range)
  return {
    must: {
      en: `must be up to ${most} entries, separated by commas, and each ${must.en}`,
      zh: `须为不超过 ${most} 项、以英文逗号分隔的列表，每项${must.zh}`,
    },
    parse: text => {
      const items = readEach(text, parse)
      return items && items.length <= most ? items : null
    },
  }
}

/** CIDRs. A prefix shorter than `widest` is refused: it opens more of the address space than anybody intends. */
export const networks = (widest = { ipv4: 0, ipv6: 0 }): Parser<readonly Network[]> => ({
  must: {
    en: `must be networks, separated by commas, each an address and a prefix length of at least ${widest.ipv4} (IPv6: ${widest.ipv6}), such as 192.0.2.10/32`,
    zh: `须为以英文逗号分隔的网段，格式为地址加前缀长度，例如 192.0.2.10/32；前缀长度至少为 ${widest.ipv4}（IPv6 为 ${widest.ipv6}）`,
  },
  parse: text =>
    readEach(text, item => {
      const network = readNetwork(item)
      return network && network.prefix >= widest[network.family] ? network : null
    }),
})

/** Addresses and CIDRs, as they are written. */
export const sources: Parser<readonly string[]> = {
  must: {
    en: 'must be addresses and networks, separated by commas, such as 203.0.113.7,2001:db8::/64',
    zh: '须为以英文逗号分隔的 IP 地址或网段，例如 203.0.113.7,2001:db8::/64',
  },
  parse: text => readEach(text, item => (isIP(item) !== 0 || readNetwork(item) ? item : null)),
}

const HOST_NAME = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*(?=[a-z0-9-]*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i

/** An address or a host name to listen on. */
export const host: Parser<string> = {
  must: { en: 'must be an IP address or a host name, such as 0.0.0.0', zh: '须为 IP 地址或主机名，例如 0.0.0.0' },
  parse: text => (isIP(text) || HOST_NAME.test(text) ? text : null),
}

export const word = matching(/^[\x21-\x7e]{1,512}$/, {
  en: 'must be visible ASCII characters without spaces',
  zh: '须为不含空格的可见 ASCII 字符；请重新复制',
})

/** A secret for a header or a password. */
export const secretWord = ({ min }: Pick<Range, 'min'>): Parser<Secret> => ({
  must: {
    en: `must be at least ${min} visible ASCII characters without spaces; to generate one: openssl rand -hex 32`,
    zh: `须为不含空格的可见 ASCII 字符，至少 ${min} 个；需要自拟时可用 openssl rand -hex 32 生成`,
  },
  parse: text => (word.parse(text) && text.length >= min ? new Secret(text) : null),
})

const KEY_BYTES = 32

export const secretKey: Parser<Secret> = {
  must: {
    en: `must be the base64 of exactly ${KEY_BYTES} bytes; make one with: openssl rand -base64 ${KEY_BYTES}`,
    zh: `须为 ${KEY_BYTES} 字节的 base64；可用 openssl rand -base64 ${KEY_BYTES} 生成`,
  },
  parse: text => {
    const key = Buffer.from(text, 'base64')
    return key.length === KEY_BYTES && key.toString('base64') === text ? new Secret(text) : null
  },
}
