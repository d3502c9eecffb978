using System.Text;
using System.Text.Json;
using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>What a CLI knows and nobody else is to: its tools can print its environment, and what it prints and writes down is kept.</summary>
internal sealed class CliSecrets
{
    private const int Shortest = 8;
    private const string Instead = "***";
    private readonly IReadOnlyList<string> _secrets;

    /// <param name="options">Those of its own environment.</param>
    /// <param name="key">The key for the gateway.</param>
    public CliSecrets(CliOptions options, string key) =>
        _secrets = [.. options.Environment.Values.SelectMany(value => value.Secrets).Append(key).Where(secret => secret.Length >= Shortest)
            .SelectMany(secret => (string[])[secret, JsonEncodedText.Encode(secret, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping).Value])
            .Distinct().OrderByDescending(secret => secret.Length)];

    /// <summary>The text without them.</summary>
    public string Hide(string text)
    {
        foreach (var secret in _secrets)
        {
            text = text.Replace(secret, Instead, StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>The bytes without them, text or not.</summary>
    public byte[] Hide(byte[] content)
    {
        foreach (var secret in _secrets)
        {
            content = Hide(content, Encoding.UTF8.GetBytes(secret));
        }

        return content;
    }

    private static byte[] Hide(byte[] content, byte[] secret)
    {
        if (content.AsSpan().IndexOf(secret) < 0)
        {
            return content;
        }

        var hidden = new MemoryStream(content.Length);
        var rest = content.AsSpan();
        for (var at = rest.IndexOf(secret); at >= 0; at = rest.IndexOf(secret))
        {
            hidden.Write(rest[..at]);
            hidden.Write("***"u8);
            rest = rest[(at + secret.Length)..];
        }

        hidden.Write(rest);
        return hidden.ToArray();
    }
}
