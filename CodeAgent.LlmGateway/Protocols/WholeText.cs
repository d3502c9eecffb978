using System.Text;
using System.Text.Unicode;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>
/// A request that is to be read, with every half of a character in it replaced by U+FFFD. Clients cut what a tool printed where a
/// limit is, in the middle of an emoji too; the providers take that, and .NET's reader does not.
/// </summary>
internal static class WholeText
{
    private const int EscapeLength = 6;

    public static ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> json) => Repaired(json.Span) ?? json;

    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> json) => Repaired(json) is { } repaired ? repaired : json;

    private static byte[]? Repaired(ReadOnlySpan<byte> json)
    {
        // What is no UTF-8 is replaced by .NET's own rules.
        var valid = Utf8.IsValid(json) ? null : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        return WithoutHalves(valid ?? json) ?? valid;
    }

    // "\ud83d" without its other half becomes "\ufffd", which is as long.
    private static byte[]? WithoutHalves(ReadOnlySpan<byte> json)
    {
        byte[]? repaired = null;
        for (var i = 0; json[i..].IndexOf((byte)'\\') is var next and >= 0;)
        {
            i += next;
            var (isHigh, isLow) = Half(json[i..]);
            if (isHigh && Half(json[(i + EscapeLength)..]).IsLow)
            {
                i += 2 * EscapeLength;
            }
            else if (isHigh || isLow)
            {
                repaired ??= json.ToArray();
                "\\ufffd"u8.CopyTo(repaired.AsSpan(i));
                i += EscapeLength;
            }
            else
            {
                // An escaped backslash takes the second one with it.
                i = Math.Min(json.Length, i + 2);
            }
        }

        return repaired;
    }

    // \ud800 to \udbff, or \udc00 to \udfff.
    private static (bool IsHigh, bool IsLow) Half(ReadOnlySpan<byte> json) =>
        json.Length >= EscapeLength && json[0] == '\\' && json[1] == 'u' && (json[2] | 0x20) == 'd' && char.IsAsciiHexDigit((char)json[4]) && char.IsAsciiHexDigit((char)json[5])
            ? ((json[3] | 0x20) is (>= '8' and <= '9') or 'a' or 'b', (json[3] | 0x20) is >= 'c' and <= 'f')
            : default;
}
