// Receives webhooks of idface-notifier and verifies them. .NET 10 or later, nothing to install.
//   WEBHOOK_SECRET=whsec_... dotnet run Receiver.cs
// With an older .NET put it into a console project; with Mono: mcs Receiver.cs && mono Receiver.exe
// While a secret is being changed: both, separated by a space.
using System.IO;
using System.Net;
using System.Threading.Tasks;

// --- verify: copy from here ---
using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

public static class IdfaceWebhook
{
    /// <summary>Not signed with one of the secrets, or too long ago: answer 401 with the message.</summary>
    public class Refused : Exception
    {
        public Refused(string message) : base(message) { }
    }

    /// <summary>Returns when one of the secrets has signed these very bytes, within five minutes of now.</summary>
    public static void Verify(IEnumerable<string> secrets, string id, string timestamp, string signatures, byte[] body,
        DateTimeOffset? now = null)
    {
        var keys = secrets.Select(ReadKey).ToList();
        if (string.IsNullOrEmpty(id) || !Regex.IsMatch(timestamp ?? "", @"\A[0-9]{1,12}\z"))
            throw new Refused("no webhook: a header is missing or malformed");
        var age = (now ?? DateTimeOffset.UtcNow).ToUnixTimeSeconds() - long.Parse(timestamp);
        if (Math.Abs(age) > 300) throw new Refused("timestamp " + age + " s old: is the clock right?");
        var content = Encoding.UTF8.GetBytes(id + "." + timestamp + ".").Concat(body).ToArray();
        foreach (var key in keys)
        {
            using (var hmac = new HMACSHA256(key))
            {
                var expected = Encoding.UTF8.GetBytes("v1," + Convert.ToBase64String(hmac.ComputeHash(content)));
                foreach (var signature in (signatures ?? "").Split(' '))
                    if (CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature))) return;
            }
        }
        throw new Refused("no signature matches: is the secret the one of this partner?");
    }

    public static byte[] ReadKey(string secret)
    {
        try
        {
            var key = secret.StartsWith("whsec_", StringComparison.Ordinal)
                ? Convert.FromBase64String(secret.Substring("whsec_".Length))
                : new byte[0];
            // Anybody could sign with an empty key.
            if (key.Length >= 24) return key;
        }
        catch (FormatException)
        {
            // The same mistake.
        }
        throw new ArgumentException("a signing secret must be as it was shown, whsec_...");
    }
}
// --- verify: to here ---

public static class Receiver
{
    const int MaxBytes = 64 * 1024;

    /// <summary>The bytes as they came; null if there are too many.</summary>
    static byte[] ReadBody(Stream stream)
    {
        var body = new byte[MaxBytes + 1];
        var size = 0;
        for (int read; size < body.Length && (read = stream.Read(body, size, body.Length - size)) > 0;) size += read;
        if (size > MaxBytes) return null;
        Array.Resize(ref body, size);
        return body;
    }

    static int Receive(string[] secrets, HttpListenerRequest request, out string text)
    {
        text = "";
        if (request.HttpMethod != "POST") return 405;
        var body = ReadBody(request.InputStream);
        if (body == null) return 413;
        var headers = request.Headers;
        try
        {
            IdfaceWebhook.Verify(secrets, headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], body);
        }
        catch (IdfaceWebhook.Refused refused)
        {
            Console.WriteLine("refused: " + refused.Message);
            text = refused.Message;
            return 401;
        }
        // A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
        // Read the event with System.Text.Json, or with what your project has.
        Console.WriteLine(headers["webhook-id"] + " " + Encoding.UTF8.GetString(body));
        return 204;
    }

    static void Answer(string[] secrets, HttpListenerContext context)
    {
        var text = "";
        try
        {
            context.Response.StatusCode = 500;
            context.Response.StatusCode = Receive(secrets, context.Request, out text);
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error);
        }
        try
        {
            if (text != "") context.Response.ContentType = "text/plain";
            context.Response.Close(Encoding.UTF8.GetBytes(text), true);
        }
        catch (Exception)
        {
            // The caller has gone.
        }
    }

    public static void Main()
    {
        var secrets = (Environment.GetEnvironmentVariable("WEBHOOK_SECRET") ?? "").Split(' ');
        try
        {
            foreach (var secret in secrets) IdfaceWebhook.ReadKey(secret);
        }
        catch (ArgumentException error)
        {
            Console.Error.WriteLine("WEBHOOK_SECRET: " + error.Message);
            Environment.Exit(1);
        }
        var listener = new HttpListener();
        var url = "http://127.0.0.1:" + (Environment.GetEnvironmentVariable("PORT") ?? "9000") + "/";
        listener.Prefixes.Add(url);
        listener.Start();
        Console.WriteLine("listening on " + url);
        for (;;)
        {
            var context = listener.GetContext();
            Task.Run(() => Answer(secrets, context));
        }
    }
}
