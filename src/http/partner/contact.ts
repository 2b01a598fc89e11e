import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import { hasRobotKey, OPERATOR_CHANNELS, operatorChannelOf } from '../../core/operator-channel.ts'
import { createSigningKey } from '../../core/signature.ts'
import type { ApiDeps } from '../api-env.ts'
import { operation, type PartnerCalls } from '../calls.ts'
import { packWords } from '../json/validate.ts'
import { answerLanguage, languageOf } from '../language.ts'
import { keyOf } from './console-links.ts'
import { ATTEMPT, CALLBACK_URL, judgedUrl, viewAttempt } from './registration-schemas.ts'

const SECRET = packWords({
  en: 'must be the signing secret that DingTalk or Feishu shows, or, for a URL of your own, whsec_ and the base64 of 24 to 64 bytes; WeCom and Slack have none',
  zh: '必须是钉钉“加签”或飞书“签名校验”的密钥；自有地址则为 whsec_ 加 24 至 64 字节的 base64；企业微信与 Slack 没有密钥',
})
const fits = (url: string, secret: string): boolean => {
  if (!/^[\x21-\x7e]{1,256}$/.test(secret)) return false
  const channel = operatorChannelOf(new URL(url))
  if (channel !== 'webhook') return channel === 'dingtalk' || channel === 'feishu'
  return secret.startsWith('whsec_') && createSigningKey(secret) !== null
}
const CONTACT_BODY = z
  .strictObject({
    url: CALLBACK_URL.meta({
      description:
        'A robot of WeCom, DingTalk, Feishu, Lark or Slack, known by its host, or any other URL for signed JSON.',
      examples: ['https://partner.example/contact'],
    }),
    secret: z
      .string(SECRET)
      .optional()
      .describe(
        'The signing secret of the robot, if it has one. JSON is signed with this secret (`whsec_…`), or without it like your webhooks.',
      ),
  })
  .meta({ id: 'ContactRequest' })
const ROBOT_URL = packWords({
  en: 'must be the whole URL of the robot, with its key: ?key=… for WeCom, ?access_token=… for DingTalk, /open-apis/bot/v2/hook/… for Feishu and Lark, /services/… for Slack',
  zh: '必须是群机器人的完整地址，包含其密钥：企业微信为 ?key=…，钉钉为 ?access_token=…，飞书与 Lark 为 /open-apis/bot/v2/hook/…，Slack 为 /services/…',
})
export const checkedContact = ({ judgeUrl }: Pick<ApiDeps, 'judgeUrl'>) =>
  CONTACT_BODY.extend({
    url: judgedUrl(judgeUrl).refine(url => !URL.canParse(url) || hasRobotKey(new URL(url)), ROBOT_URL),
  }).refine(({ url, secret }) => secret === undefined || fits(url, secret), { error: SECRET, path: ['secret'] })

export const CONTACT = z
  .object({
    channel: z.enum(OPERATOR_CHANNELS).describe('The kind of contact; `webhook` is signed JSON.'),
    host: z.string().meta({ description: 'The host of its URL.', examples: ['partner.example'] }),
  })
  .meta({
    id: 'Contact',
    description: 'The contact for notices about your failing callback URLs, without its secrets.',
  })
export type ContactAnswer = z.output<typeof CONTACT>

const NONE = {
  en: 'No contact is set. PUT /v1/contact sets one, with an API key.',
  zh: '尚未设置通知渠道。请用 API 密钥 PUT 到 /v1/contact。',
}
const foundContact = <T>(value: T | null): T => {
  if (value === null) throw new AppError('not_found', NONE)
  return value
}

export const viewContact = (text: string): ContactAnswer => {
  const url = new URL(text)
  return { channel: operatorChannelOf(url), host: url.host }
}

/** `/v1/contact`. Only the host of the URL is shown again: the path of a robot is its key. */
export const CONTACT_CALLS = {
  'PUT /v1/contact': operation({
    operationId: 'setContact',
    summary: 'Set the contact for notices about your failing callback URLs',
    description:
      'It is notified when every attempt at a URL has failed for 30 minutes, when the URL is disabled or has answered 410, and when that is over. It replaces the previous contact; a notice that waits goes when it was due. It counts as a test: one a second, ten at once. Not by a console link: the contact would stay when the link ends.',
    body: CONTACT_BODY,
    bodyFor: checkedContact,
    answers: { 200: CONTACT },
    problems: ['forbidden'],
    handle: async (c, { store, rates }, { body: { url, secret = null } }) => {
      keyOf(c)
      rates.take('callbackTests', c.get('partnerId'))
      await store.putContact(c.get('partnerId'), { url, secret, language: languageOf(c) })
      return c.json(viewContact(url))
    },
  }),
  'GET /v1/contact': operation({
    operationId: 'contact',
    summary: 'Get the contact for notices about your failing callback URLs',
    description: 'Its path, query and secret are not shown again: the path of a robot is its key.',
    answers: { 200: CONTACT },
    problems: ['not_found'],
    handle: async (c, { store }) => c.json(viewContact(foundContact(await store.findContact(c.get('partnerId'))).url)),
  }),
  'DELETE /v1/contact': operation({
    operationId: 'deleteContact',
    summary: 'Remove the contact',
    description: 'Removing it again changes nothing. Not by a console link.',
    answers: { 204: null },
    problems: ['forbidden'],
    handle: async (c, { store }) => {
      keyOf(c)
      await store.putContact(c.get('partnerId'), null)
      return c.body(null, 204)
    },
  }),
  'POST /v1/contact/test': operation({
    operationId: 'testContact',
    summary: 'Send a test to the contact now',
    description:
      'Answers with the attempt, also if it fails. One a second, ten at once, together with callback tests and setting the contact.',
    answers: { 200: ATTEMPT },
    problems: ['not_found'],
    handle: async (c, { testContact, rates, newId }) => {
      rates.take('callbackTests', c.get('partnerId'))
      return c.json(viewAttempt(foundContact(await testContact(c.get('partnerId'), newId('msg'))), answerLanguage(c)))
    },
  }),
} satisfies PartnerCalls
