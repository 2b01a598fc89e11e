/** Behind it: of `registrations r`, `verifications v`, `messages m`. */
export const SELECT_REGISTRATIONS = `
  SELECT r.id, r.partner_id AS "partnerId", r.verification_id AS "verificationId", r.n, v.account_id AS "accountId", v.idcardid,
    r.callback_url AS "callbackUrl", r.metadata, r.status, r.reason, v.verdict, v.polls, v.last_polled_at AS "lastPolledAt",
    v.queue AS "pollQueue", v.due_at AS "pollDueAt", v.claimed_at AS "pollClaimedAt", v.claims AS "pollClaims",
    r.message_seq AS "messageSeq", m.state AS "messageState", m.claims AS "messageClaims", m.attempts, m.due_at AS "sendDueAt",
    m.claimed_at AS "sendClaimedAt", r.created_at AS "createdAt", r.expires_at AS "expiresAt", r.resolved_at AS "resolvedAt"
  FROM registrations r JOIN verifications v ON v.id = r.verification_id LEFT JOIN messages m ON m.seq = r.message_seq`
