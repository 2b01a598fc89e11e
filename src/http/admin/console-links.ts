import { z } from 'zod'
import { AppError } from '../../core/error.ts'
import { type AdminCalls, adminOperation } from '../calls.ts'
import { consoleLinkUrl, tokenMark } from '../console-links.ts'
import { found } from '../json/problem.ts'
import { CONSOLE_LINK, DEFAULT_LINK_MS, LINK_TTL } from '../partner/console-links.ts'
import { WHY } from './authorize.ts'

const DISABLED = {
  en: 'The partner is disabled, so a link would not work. Enable the partner first.',
  zh: '该合作方已停用，链接无法打开。请先启用该合作方。',
}

/** `POST /v1/admin/partners/:id/console-links`: it grants the partner's access, so it needs the role to make keys. */
export const PARTNER_LINK_CALLS = {
  'POST /v1/admin/partners/:id/console-links': adminOperation({
    role: 'admin',
    act: 'partner.console_link',
    operationId: 'createPartnerConsoleLink',
    summary: "Create a temporary link to a partner's pages of the console",
    description:
      'Anyone who has it can do there what the partner can, until it expires or the token that created it ends. While the partner is disabled, no link is created, and existing ones do not work.',
    id: 'partner',
    body: z.strictObject({ ttl: LINK_TTL, ...WHY }),
    answers: { 201: CONSOLE_LINK },
    problems: ['conflict'],
    handle: async (c, deps, { id: partnerId, body: { ttl } }) => {
      const { disabled } = found(await deps.store.findPartner(partnerId), 'partner')
      if (disabled) throw new AppError('conflict', DISABLED)
      const until = deps.now() + (ttl ?? DEFAULT_LINK_MS)
      const token = tokenMark(c.get('operator').id, deps.config)
      const url = consoleLinkUrl(c, deps, { partnerId, keyId: null, token, until })
      const link = z.decode(CONSOLE_LINK, { url, expiresAt: until })
      await c.get('beginAct')(partnerId, { after: { expiresAt: link.expiresAt } })
      return c.json(link, 201)
    },
  }),
} satisfies AdminCalls
