import type { Words } from '../../core/language.ts'
import { MESSAGE_STATES } from '../../core/message.ts'
import { REGISTRATION_STATUSES } from '../../core/registration.ts'
import { REASONS } from '../../core/verification.ts'
import { defineCommand, type Section } from '../frame/command.ts'
import {
  argument,
  choiceOption,
  flag,
  numberOption,
  option,
  optionalArgument,
  partnerOption,
  readTimeOption,
  textOption,
  withDefault,
} from '../frame/options.ts'

const ID: Words = { en: 'its id, which "registration list" shows', zh: '登记 id，见 "registration list"' }
const PARTNER: Words = { en: 'of this partner, by its name or id', zh: '只看该合作方（名称或 id）' }

export const REGISTRATION_GROUPS: Readonly<Record<string, Words>> = {
  registration: {
    en: 'find registrations of all partners, and their attempts',
    zh: '查找所有合作方的登记及其投递记录',
  },
}

export const REGISTRATIONS: Section = {
  title: { en: 'Registrations:', zh: '登记：' },
  commands: [
    defineCommand({
      path: 'explain',
      words: {
        en: 'say in words why there is no webhook yet, or what became of it',
        zh: '说明没有收到回调的原因，或回调的投递结果',
      },
      args: {
        what: argument('REGISTRATION_OR_SERIAL', {
          en: 'the id of a registration, or the serial that Submit returned',
          zh: '登记 id，或 Submit 返回的流水号',
        }),
      },
      printsData: true,
      example: 'explain 16236437872836',
      load: async () => (await import('../explain.ts')).explain,
    }),
    defineCommand({
      path: 'registration list',
      words: { en: 'find registrations of all partners, newest first', zh: '查找所有合作方的登记，最近的在前' },
      options: {
        partner: partnerOption(PARTNER),
        serial: textOption('SERIAL', { en: 'of this serial', zh: '只看该流水号' }),
        status: choiceOption('STATUS', { en: 'with this status', zh: '只看该状态' }, REGISTRATION_STATUSES),
        delivery: choiceOption(
          'STATE',
          { en: 'whose webhook is in this state', zh: '只看回调处于该状态的' },
          MESSAGE_STATES,
        ),
        reasonEnded: choiceOption('REASON', { en: 'unresolved for this reason', zh: '只看因该原因无结果的' }, REASONS),
        host: textOption('HOST', { en: 'with this callback host', zh: '只看该回调主机' }),
        account: textOption('ACCOUNT', {
          en: 'asked with this account, APIID or id',
          zh: '只看用该账户（APIID 或 id）查询的',
        }),
        since: option(
          'TIME',
          {
            en: 'made then or later: 10:00, 2026-11-27, "2026-11-27 10:00" (your time), or how long ago: 24h',
            zh: '登记时间不早于：10:00、2026-11-27、"2026-11-27 10:00"（本地时间）或距今时长，如 24h',
          },
          readTimeOption,
        ),
        until: option('TIME', { en: 'made then or earlier', zh: '登记时间不晚于此时' }, readTimeOption),
        limit: withDefault(numberOption({ en: 'so many at most', zh: '最多显示条数' }, { min: 1, max: 1_000 }), 50),
        cursor: textOption('CURSOR', { en: 'go on after the list before', zh: '从上一页之后继续' }),
      },
      printsData: true,
      example: 'registration list --status pending --since 24h --limit 20',
      load: async () => (await import('../registration.ts')).listRegistrations,
    }),
    defineCommand({
      path: 'registration attempts',
      words: {
        en: 'the newest 50 attempts at its webhook, with what came back',
        zh: '该登记的回调最近 50 次投递及其结果',
      },
      args: { id: argument('REGISTRATION_ID', ID) },
      printsData: true,
      example: 'registration attempts reg_01K9Z3N5T8V2X4B6D7F9G1H3J5',
      load: async () => (await import('../registration.ts')).listAttempts,
    }),
    defineCommand({
      path: 'resend',
      words: {
        en: 'send a webhook again, or all that were given up in a span of time; "callback disable" still holds its own',
        zh: '重发某个回调，或重发一段时间内放弃投递的全部回调；已用 "callback disable" 停用的地址除外',
      },
      args: { id: optionalArgument('REGISTRATION_ID', ID) },
      options: {
        partner: partnerOption({
          en: 'all of this partner, by its name or id; needs --since',
          zh: '该合作方（名称或 id）的全部；须同时指定 --since',
        }),
        allPartners: flag({
          en: 'all of all partners; needs --since',
          zh: '所有合作方的全部；须同时指定 --since',
        }),
        since: option(
          'TIME',
          {
            en: 'webhooks of then or later: 10:00, 2026-11-27, "2026-11-27 10:00" (your time), or how long ago: 24h',
            zh: '回调产生时间不早于：10:00、2026-11-27、"2026-11-27 10:00"（本地时间）或距今时长，如 24h',
          },
          readTimeOption,
        ),
        until: option(
          'TIME',
          { en: 'webhooks of then or earlier; now, if it is not given', zh: '回调产生时间不晚于此时；默认为当前时间' },
          readTimeOption,
        ),
      },
      changes: true,
      printsData: true,
      example: 'resend --partner "Spruce Ltd" --since 10:00',
      load: async () => (await import('../resend.ts')).resend,
    }),
  ],
}
