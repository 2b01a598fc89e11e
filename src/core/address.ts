import { BlockList, isIP } from 'node:net'

/** A set of networks, such as the non-public ones that may be called. */
export interface Networks {
  contains(address: string, family: 'ipv4' | 'ipv6'): boolean
}

export interface Network {
  address: string
  /** The length of the prefix in bits. */
  prefix: number
  family: 'ipv4' | 'ipv6'
}

const IPV4_DENIED = [
  ['unspecified', '0.0.0.0/8'],
  ['private', '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16'],
  ['shared', '100.64.0.0/10'],
  ['loopback', '127.0.0.0/8'],
  ['link_local', '169.254.0.0/16'],
  // Azure's platform address: its number is public, but behind it is the host machine.
  ['cloud_host', '168.63.129.16/32'],
  ['documentation', '192.0.2.0/24 198.51.100.0/24 203.0.113.0/24'],
  ['benchmark', '198.18.0.0/15'],
  ['transition', '192.88.99.0/24'],
  ['multicast', '224.0.0.0/4'],
  ['reserved', '192.0.0.0/24 240.0.0.0/4'],
] as const

/** Outside 2000::/3 these only name the refusal: every address there is refused anyway. */
const IPV6_DENIED = [
  ['ipv4_mapped', '::ffff:0:0/96'],
  ['unspecified', '::/128'],
  ['loopback', '::1/128'],
  ['link_local', 'fe80::/10'],
  ['private', 'fc00::/7 fec0::/10'],
  ['multicast', 'ff00::/8'],
  ['transition', '64:ff9b::/96 64:ff9b:1::/48 2001::/32 2002::/16'],
  ['documentation', '2001:db8::/32 3fff::/20'],
  ['reserved', '2001::/23'],
] as const

/** Why an address may not be called. */
type AddressRefusal = (typeof IPV4_DENIED | typeof IPV6_DENIED)[number][0] | 'not_an_address' | 'zone' | 'unjudged'

export type AddressVerdict = { ok: true } | { ok: false; refusal: AddressRefusal }

/** Number of bits in front of the IPv4 address in an IPv4-mapped IPv6 address. */
const MAPPED_BITS = 96

/** The groups of an IPv6 address in any spelling, without its zone. */
const groupsOf = (address: string): number[] => {
  const bare = address.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = octets.slice(0, 4).map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = [], tail = []] = bare.split('::').map(half => (half === '' ? [] : half.split(':')))
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0')
  return [...head, ...zeros, ...tail].map(group => Number.parseInt(group, 16))
}

/** The unit that limits apply to: an IPv4 address, or the /64 of an IPv6 address, as one customer has a whole /64. */
export const networkOf = (address: string): string => {
  if (isIP(address) !== 6) return address
  const groups = groupsOf(address).slice(0, 4)
  return `${groups.map(group => group.toString(16)).join(':')}::/64`
}

/** The IPv4 address in the last 32 bits of an IPv6 address. */
const lastIpv4 = (groups: readonly number[]): string =>
  groups
    .slice(-2)
    .flatMap(group => [group >> 8, group & 255])
    .join('.')

/** Returns the IPv4 address of a mapped one such as `::ffff:10.0.0.1`, in any spelling; any other text unchanged. */
export const unmapped = (address: string): string => {
  if (isIP(address) !== 6) return address
  const groups = groupsOf(address)
  return groups[5] === 0xffff && groups.slice(0, 5).every(group => group === 0) ? lastIpv4(groups) : address
}

/**
 * Reads a network in CIDR notation, such as `10.0.0.0/8` or `fd00::/8`; returns null for anything else. Mapped networks
 * become IPv4: `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
 */
export const readNetwork = (cidr: string): Network | null => {
  const network = parseNetwork(cidr)
  if (network === null || network.family === 'ipv4' || network.prefix < MAPPED_BITS) return network
  const address = unmapped(network.address)
  return isIP(address) === 4 ? { address, prefix: network.prefix - MAPPED_BITS, family: 'ipv4' } : network
}

const parseNetwork = (cidr: string): Network | null => {
  const [, address = '', prefix] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(cidr) ?? []
  const version = isIP(address)
  if (version === 0 || Number(prefix) > (version === 4 ? 32 : 128)) return null
  return { address, prefix: Number(prefix), family: version === 4 ? 'ipv4' : 'ipv6' }
}

/**
 * The addresses in any of these networks. Each family has a separate list, because one list takes `::ffff:10.0.0.1` for
 * `10.0.0.1` and the other way about: `::ffff:0:0/96` would contain every IPv4 address.
 */
export const createNetworks = (networks: readonly Network[]): Networks => {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const { address, prefix, family } of networks) lists[family].addSubnet(address, prefix, family)
  return { contains: (address, family) => lists[family].check(address, family) }
}

const listOf = (subnets: string): Networks =>
  createNetworks(subnets.split(' ').map(subnet => parseNetwork(subnet) as Network)) // they are constants, see above

const listsOf = (ranges: typeof IPV4_DENIED | typeof IPV6_DENIED) =>
  ranges.map(([refusal, subnets]) => ({ refusal, list: listOf(subnets) }))

const ipv4Denied = listsOf(IPV4_DENIED)
const ipv6Denied = listsOf(IPV6_DENIED)
const ipv6Global = listOf('2000::/3')
/** Their addresses lead to the IPv4 address in the last 32 bits: mapped ones by the system, the others by NAT64. */
const leadsToIpv4 = listOf('::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48')

const refuse = (refusal: AddressRefusal): AddressVerdict => ({ ok: false, refusal })

/**
 * Whether a callback may be sent to an IP address: it must be public, or inside `allowed`. If an IPv6 address leads to
 * an IPv4 one, both must be: a wide IPv6 network must not open 169.254.169.254. Text that is no address, and an address
 * that cannot be judged, are refused.
 */
export const judgeAddress = (address: string, allowed: Networks): AddressVerdict => {
  try {
    // `isIP` accepts `fe80::1%lo`, and BlockList ignores the zone.
    if (address.includes('%')) return refuse('zone')
    const version = isIP(address)
    if (version === 0) return refuse('not_an_address')
    // With a wrong or missing family, BlockList finds nothing.
    const family = version === 4 ? 'ipv4' : 'ipv6'
    if (allowed.contains(address, family))
      return version === 6 && leadsToIpv4.contains(address, 'ipv6')
        ? judgeAddress(lastIpv4(groupsOf(address)), allowed)
        : { ok: true }
    const denied = (version === 4 ? ipv4Denied : ipv6Denied).find(({ list }) => list.contains(address, family))
    if (denied) return refuse(denied.refusal)
    return version === 4 || ipv6Global.contains(address, family) ? { ok: true } : refuse('reserved')
  } catch {
    return refuse('unjudged')
  }
}
