<?php
// Receives webhooks of idface-notifier and verifies them. PHP 7.4 or later, nothing to install. Behind your web server, or:
//   WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:9000 receiver.php
// While a secret is being changed: both, separated by a space.
// php-fpm empties the environment (clear_env): put env[WEBHOOK_SECRET] = whsec_… into its pool's file.
declare(strict_types=1);

const MAX_BYTES = 64 * 1024;

// --- verify: copy from here ---
final class IdfaceWebhook
{
    /**
     * Returns when one of the secrets has signed these very bytes, within five minutes of $now in epoch seconds.
     *
     * @param string[] $secrets
     * @throws \UnexpectedValueException It is not signed so, or too long ago: answer 401 with the message.
     * @throws \InvalidArgumentException A secret is not as it was shown.
     */
    public static function verify(
        array $secrets,
        ?string $id,
        ?string $timestamp,
        ?string $signatures,
        string $body,
        ?int $now = null
    ): void {
        $keys = array_map([self::class, 'readKey'], $secrets);
        if ((string) $id === '' || !preg_match('/^[0-9]{1,12}$/D', (string) $timestamp)) {
            throw new \UnexpectedValueException('no webhook: a header is missing or malformed');
        }
        $age = ($now ?? time()) - (int) $timestamp;
        if (abs($age) > 300) {
            throw new \UnexpectedValueException("timestamp $age s old: is the clock right?");
        }
        foreach ($keys as $key) {
            $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
            foreach (explode(' ', (string) $signatures) as $signature) {
                if (hash_equals($expected, $signature)) {
                    return;
                }
            }
        }
        throw new \UnexpectedValueException('no signature matches: is the secret the one of this partner?');
    }

    private static function readKey(string $secret): string
    {
        $key = (string) base64_decode(substr($secret, strlen('whsec_')), true);
        // Anybody could sign with an empty key.
        if ($secret !== 'whsec_' . base64_encode($key) || strlen($key) < 24) {
            throw new \InvalidArgumentException('a signing secret must be as it was shown, whsec_…');
        }
        return $key;
    }
}
// --- verify: to here ---

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    http_response_code(405);
    exit;
}
$body = (string) file_get_contents('php://input', false, null, 0, MAX_BYTES + 1);
if (strlen($body) > MAX_BYTES) {
    http_response_code(413);
    exit;
}
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? null;
$timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? null;
$signatures = $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? null;
try {
    IdfaceWebhook::verify(explode(' ', (string) getenv('WEBHOOK_SECRET')), $id, $timestamp, $signatures, $body);
} catch (\UnexpectedValueException $refused) {
    error_log("refused: {$refused->getMessage()}");
    http_response_code(401);
    header('content-type: text/plain');
    exit($refused->getMessage());
} catch (\InvalidArgumentException $error) {
    error_log("WEBHOOK_SECRET: {$error->getMessage()}");
    http_response_code(500);
    exit('WEBHOOK_SECRET is not set right');
}
// A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
$event = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
$about = $event['data']['idcardid'] ?? $event['data']['subject'] ?? '';
error_log("$id {$event['type']} $about");
http_response_code(204);
