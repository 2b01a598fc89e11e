import { html } from 'hono/html'
import type { z } from 'zod'
import type { Words } from '../../core/language.ts'
import type { FOUND_REGISTRATION } from '../admin/registration-view.ts'
import type { RegistrationAnswer } from '../partner/registration-schemas.ts'
import { type Column, type Html, PAGE_NAMES, partnerLink, type Reader, table, time } from './page.ts'
import { DELIVERY_WORDS, errorCell, statusOf } from './words.ts'

export type Found = z.output<typeof FOUND_REGISTRATION>
export type Either = Found | RegistrationAnswer

export const SERIAL: Words = { en: 'Serial', zh: '流水号' }
export const STATUS: Words = { en: 'Status', zh: '状态' }
export const WEBHOOK: Words = { en: 'Webhook', zh: '回调' }
export const HOST: Words = { en: 'Host', zh: '主机' }
export const ERROR: Words = { en: 'Error', zh: '错误' }

const isFound = (one: Either): one is Found => 'partnerId' in one

const first = (reader: Reader): readonly Column<Either>[] => {
  const { t, to } = reader
  return [
    [SERIAL, ({ id, idcardid }) => html`<a href="${to(`registrations/${id}`)}">${idcardid}</a>`],
    [STATUS, ({ status, reason }) => statusOf(reader, status, reason)],
    [
      WEBHOOK,
      ({ delivery: { messageId, state, attempts } }) =>
        messageId === null ? '–' : `${t(DELIVERY_WORDS[state])} (${attempts})`,
    ],
    [{ en: 'Registered', zh: '登记时间' }, ({ createdAt }) => time(reader, createdAt)],
  ]
}

/** What operators see of registrations in a table. */
export const foundColumns = (reader: Reader): readonly Column<Found>[] => [
  ...first(reader),
  [{ en: 'Partner', zh: '合作方' }, found => partnerLink(reader, found)],
  [HOST, ({ host }) => host],
  [ERROR, ({ delivery }) => errorCell(reader, delivery.error)],
]
/** What a partner sees of its own. */
const ownColumns = (reader: Reader): readonly Column<Either>[] => [
  ...first(reader),
  [{ en: 'Callback URL', zh: '回调地址' }, ({ callbackUrl }) => callbackUrl ?? '–'],
]

export const registrationTable = (reader: Reader, items: Found[] | RegistrationAnswer[], none: Words): Html =>
  items.every(isFound)
    ? table(reader, PAGE_NAMES.registrations, { columns: foundColumns(reader), items, none })
    : table(reader, PAGE_NAMES.registrations, { columns: ownColumns(reader), items, none })
