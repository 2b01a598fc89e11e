/** Name of an act in the audit: its object, and what an operator does to it by the admin API or a command. */
export type ActName =
  | `account.${'create' | 'change' | 'pause' | 'resume' | 'remove'}`
  | `admin_token.${'create' | 'revoke'}`
  | `bulk.${'create' | 'start' | 'stop'}`
  | `callback.${'disable' | 'enable'}`
  | `database.${'backup' | 'migrate' | 'move' | 'prune' | 'rekey' | 'restore'}`
  | `deliveries.${'hold' | 'resume'}`
  | `key.${'create' | 'revoke'}`
  | `partner.${'create' | 'change' | 'disable' | 'enable' | 'console_link'}`
  | `registration.${'cancel' | 'poll' | 'resend' | 'reveal'}`
  | `secret.${'rotate' | 'end'}`
