import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeAddress, readNetwork } from '../../src/core/address.ts'
import { networksOf } from '../support/networks.ts'

const nothing = networksOf()

const refusals: Record<string, string[]> = {
  unspecified: ['0.0.0.0', '0.255.255.255', '::'],
  private: [
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    'fc00::1',
    'fdff::1',
    'fec0::1',
  ],
  shared: ['100.64.0.0', '100.127.255.255'],
  loopback: ['127.0.0.1', '127.255.255.255', '::1', '0:0:0:0:0:0:0:1'],
  link_local: ['169.254.169.254', 'fe80::1', 'febf::1'],
  cloud_host: ['168.63.129.16'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.255', '2001:db8::1', '3fff::1'],
  benchmark: ['198.18.0.1', '198.19.255.255'],
  transition: ['192.88.99.1', '64:ff9b::a00:1', '64:ff9b:1::1', '2002:7f00:1::', '2001::1'],
  ipv4_mapped: ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '0:0:0:0:0:FFFF:0808:0808'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  reserved: ['192.0.0.1', '240.0.0.1', '255.255.255.255', '2001:1ff::1', '::127.0.0.1', '100::1', '4000::1', '5f00::1'],
  zone: ['fe80::1%lo', '2606:4700::1%eth0', '127.0.0.1%1'],
  not_an_address: ['', 'localhost', '127.1', '0x7f000001', '1.2.3.4.', '[::1]', '8.8.8.8/32'],
}
const publicOnes = [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
]
const morePublicOnes = [
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.1.1',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
]
const publicIpv6 = ['2606:4700:4700::1111', '2001:200::1', '2001:4860:4860::8888', '2400::1', '3ffe::1', '2003::1']

describe('judging an address', () => {
  for (const [refusal, addresses] of Object.entries(refusals))
    test.each(addresses)(`M1 refuses %s as ${refusal}`, address => {
      expect(judgeAddress(address, nothing)).toEqual({ ok: false, refusal })
    })

  test.each([...publicOnes, ...morePublicOnes, ...publicIpv6])('accepts %s', address => {
    expect(judgeAddress(address, nothing)).toEqual({ ok: true })
  })

  test('accepts an address of an allowed network, and nothing else with it', () => {
    const loopback = networksOf('127.0.0.0/8')
    expect(judgeAddress('127.9.9.9', loopback).ok).toBe(true)
    for (const other of [
      '::1',
      '::ffff:127.0.0.1',
      '10.0.0.1',
      '169.254.169.254',
      '::ffff:10.0.0.1',
      '0.0.0.0',
      'fe80::1%lo',
      'localhost',
    ])
      expect(judgeAddress(other, loopback).ok, other).toBe(false)
  })

  test.each([
    ['::/0', ['::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '::ffff:10.0.0.1', '::ffff:168.63.129.16']],
    ['::/0', ['64:ff9b::a9fe:a9fe', '64:FF9B::169.254.169.254', '64:ff9b::7f00:1', '64:ff9b:1::a00:1']],
    ['64:ff9b::/96', ['64:ff9b::a9fe:a9fe', '64:ff9b::10.0.0.1', '64:ff9b::']],
  ])('an allowed network of IPv6, %s, opens nothing of IPv4: %j', (network, addresses) => {
    const allowed = networksOf(network)
    for (const address of addresses) expect(judgeAddress(address, allowed).ok, address).toBe(false)
    for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254'])
      expect(judgeAddress(address, allowed)).toEqual(judgeAddress(address, nothing))
  })

  test('an allowed network changes the verdict of no address outside it', () => {
    const allowed = networksOf('10.1.0.0/16', 'fd00::/8')
    const octet = fc.nat({ max: 255 })
    fc.assert(
      fc.property(octet, octet, octet, octet, (...octets) => {
        const address = octets.join('.')
        fc.pre(!address.startsWith('10.1.'))
        expect(judgeAddress(address, allowed)).toEqual(judgeAddress(address, nothing))
      }),
    )
  })

  test('refuses when judging itself fails', () => {
    const broken = {
      contains: () => {
        throw new Error('broken')
      },
    }
    expect(judgeAddress('1.1.1.1', broken)).toEqual({ ok: false, refusal: 'unjudged' })
  })

  test('refuses every IPv6 address outside 2000::/3, in whatever spelling', () => {
    const group = fc.nat({ max: 0xffff })
    const spelling = fc.constantFrom<(text: string) => string>(
      text => text,
      text => text.toUpperCase(),
      text => new URL(`http://[${text}]/`).hostname.slice(1, -1),
    )
    fc.assert(
      fc.property(fc.tuple(group, group, group, group, group, group, group, group), spelling, (groups, spell) => {
        fc.pre(groups[0] < 0x2000 || groups[0] > 0x3fff)
        expect(judgeAddress(spell(groups.map(part => part.toString(16)).join(':')), nothing).ok).toBe(false)
      }),
    )
  })
})

describe('reading a network', () => {
  test.each([
    ['10.0.0.0/8', { address: '10.0.0.0', prefix: 8, family: 'ipv4' }],
    ['10.1.2.3/8', { address: '10.1.2.3', prefix: 8, family: 'ipv4' }],
    ['::1/128', { address: '::1', prefix: 128, family: 'ipv6' }],
    ['::ffff:10.0.0.0/104', { address: '10.0.0.0', prefix: 8, family: 'ipv4' }],
    ['::ffff:0:0/96', { address: '0.0.0.0', prefix: 0, family: 'ipv4' }],
    ['::ffff:0:0/95', { address: '::ffff:0:0', prefix: 95, family: 'ipv6' }],
  ])('reads %s', (cidr, network) => {
    expect(readNetwork(cidr)).toEqual(network)
  })

  test.each(['', '127.0.0.1', '10.0.0.0/33', '::1/129', 'fe80::1%lo/64', '010.0.0.1/8'])('does not read %j', cidr => {
    expect(readNetwork(cidr)).toBeNull()
  })
})
