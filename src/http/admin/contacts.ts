import { type AdminCalls, adminOperation } from '../calls.ts'
import { CONTACT_CALLS, viewContact } from '../partner/contact.ts'
import { ACT } from './authorize.ts'
import { ofPartner } from './signing-secrets.ts'

/** `/v1/admin/partners/:id/contact`: its kind and host, which operators see and remove after a leak. */
export const PARTNER_CONTACT_CALLS = {
  'GET /v1/admin/partners/:id/contact': ofPartner({
    ...CONTACT_CALLS['GET /v1/contact'],
    role: 'read',
    operationId: 'getContactOfPartner',
    summary: "Get the kind and the host of a partner's contact",
  }),
  'DELETE /v1/admin/partners/:id/contact': ofPartner(
    adminOperation({
      role: 'admin',
      act: 'partner.remove_contact',
      operationId: 'removeContactOfPartner',
      summary: "Remove a partner's contact",
      description: 'It gets no more notices. The partner can set another one. Removing it again changes nothing.',
      query: ACT,
      answers: { 204: null },
      handle: async (c, { store }) => {
        const partnerId = c.get('partnerId')
        const contact = await store.findContact(partnerId)
        await c.get('beginAct')(partnerId, { before: contact ? viewContact(contact.url) : {} })
        await store.putContact(partnerId, null)
        return c.body(null, 204)
      },
    }),
  ),
} satisfies AdminCalls
