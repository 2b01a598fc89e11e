# Receives webhooks of idface-notifier and verifies them. Ruby 3.0 or later, nothing to install.
#   WEBHOOK_SECRET=whsec_… ruby receiver.rb
# While a secret is being changed: both, separated by a space.
require "json"
require "socket"
require "timeout"

# --- verify: copy from here ---
require "openssl"

module IdfaceWebhook
  # Not signed with one of the secrets, or too long ago: answer 401 with the message.
  class Refused < StandardError; end

  def self.read_key(secret)
    key = secret.start_with?("whsec_") ? secret.delete_prefix("whsec_").unpack1("m0") : ""
    # Anybody could sign with an empty key.
    key.bytesize >= 24 ? key : raise(ArgumentError)
  rescue ArgumentError
    raise ArgumentError, "a signing secret must be as it was shown, whsec_…"
  end

  # Raises unless one of the secrets has signed these very bytes, within five minutes of now in epoch seconds.
  def self.verify(secrets, id, timestamp, signatures, body, now = Time.now.to_i)
    keys = secrets.map { |secret| read_key(secret) }
    if id.to_s.empty? || !timestamp.to_s.match?(/\A[0-9]{1,12}\z/)
      raise Refused, "no webhook: a header is missing or malformed"
    end
    age = now - timestamp.to_i
    raise Refused, "timestamp #{age} s old: is the clock right?" if age.abs > 300
    is_signed = keys.any? do |key|
      mac = OpenSSL::HMAC.digest("SHA256", key, "#{id}.#{timestamp}.".b + body.b)
      expected = "v1,#{[mac].pack("m0")}"
      # In constant time.
      signatures.to_s.split(" ").any? { |signature| OpenSSL.secure_compare(expected, signature) }
    end
    raise Refused, "no signature matches: is the secret the one of this partner?" unless is_signed
  end
end
# --- verify: to here ---

MAX_BYTES = 64 * 1024
READ_SECONDS = 15
REASONS = { 204 => "No Content", 400 => "Bad Request", 401 => "Unauthorized", 405 => "Method Not Allowed",
            411 => "Length Required", 413 => "Content Too Large", 500 => "Internal Server Error" }.freeze

# The method and the headers of a request, with names in lower case; nil for what is none.
def read_head(socket)
  method = socket.gets("\r\n", 8192).to_s[/\A([A-Z]+) \S+ HTTP\/1\.[01]\r\n\z/, 1]
  headers = {}
  100.times do
    line = socket.gets("\r\n", 8192).to_s
    return method && [method, headers] if line == "\r\n"
    name, value = line.split(":", 2)
    return nil if value.nil?
    headers[name.downcase] = value.strip
  end
  nil
end

# The status to answer, and a text where there is one to tell.
def receive(secrets, socket)
  method, headers = read_head(socket)
  return 400 if headers.nil?
  return 405 if method != "POST"
  length = headers["content-length"].to_s
  return 411 unless length.match?(/\A[0-9]{1,9}\z/)
  return 413 if length.to_i > MAX_BYTES
  body = socket.read(length.to_i).to_s
  return 400 if body.bytesize < length.to_i
  id, timestamp, signatures = headers.values_at("webhook-id", "webhook-timestamp", "webhook-signature")
  begin
    IdfaceWebhook.verify(secrets, id, timestamp, signatures, body)
  rescue IdfaceWebhook::Refused => error
    puts "refused: #{error.message}"
    return 401, error.message
  end
  # A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
  event = JSON.parse(body)
  about = event["data"]["idcardid"] || event["data"]["subject"]
  puts "#{id} #{event["type"]} #{about}"
  204
end

def answer(secrets, socket)
  status, text = begin
    Timeout.timeout(READ_SECONDS) { receive(secrets, socket) }
  rescue StandardError => error
    warn error.full_message
    500
  end
  about_body = status == 204 ? "" : "content-type: text/plain\r\ncontent-length: #{text.to_s.bytesize}\r\n"
  socket.write("HTTP/1.1 #{status} #{REASONS[status]}\r\n#{about_body}connection: close\r\n\r\n#{text}")
rescue SystemCallError
  # The caller has gone.
ensure
  socket.close
end

if $PROGRAM_NAME == __FILE__
  secrets = ENV.fetch("WEBHOOK_SECRET", "").split(" ", -1)
  begin
    secrets = [""] if secrets.empty?
    secrets.each { |secret| IdfaceWebhook.read_key(secret) }
  rescue ArgumentError => error
    abort "WEBHOOK_SECRET: #{error.message}"
  end
  $stdout.sync = true
  server = TCPServer.new("127.0.0.1", Integer(ENV.fetch("PORT", "9000")))
  puts "listening on http://127.0.0.1:#{server.addr[1]}/"
  loop { Thread.new(server.accept) { |socket| answer(secrets, socket) } }
end
