using System.Buffers;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// Finds the end of a JSON value. A prompt is hundreds of kilobytes of text full of escapes, which a reader takes byte by byte;
/// this jumps from one special character to the next.
/// </summary>
internal static class JsonSkip
{
    private const int Unsure = -1;
    private const int Deepest = 64;
    private static readonly SearchValues<byte> Special = SearchValues.Create([.. Enumerable.Range(0, ' ').Select(control => (byte)control), (byte)'"', (byte)'\\']);

    /// <summary>Passes over the value that begins at <paramref name="at"/>, or after the white space there.</summary>
    /// <returns>The index after the value; -1 where it is not valid, or too deep to be sure.</returns>
    public static int End(ReadOnlySpan<byte> json, int at)
    {
        Span<bool> isObject = stackalloc bool[Deepest];
        var depth = 0;
        while (true)
        {
            at = Begin(json, Space(json, at), isObject, ref depth, out var isOpen);
            if (isOpen)
            {
                continue;
            }

            // A value has ended: what is around it goes on, or ends as well.
            while (depth > 0 && at >= 0)
            {
                at = Space(json, at);
                if (At(json, at) == ',')
                {
                    at = isObject[depth - 1] ? Name(json, at + 1) : at + 1;
                    break;
                }

                at = At(json, at) == (isObject[--depth] ? '}' : ']') ? at + 1 : Unsure;
                if (depth == 0)
                {
                    return at;
                }
            }

            if (depth == 0 || at < 0)
            {
                return at;
            }
        }
    }

    // isOpen: an object or a list has begun, and its first value is to follow.
    private static int Begin(ReadOnlySpan<byte> json, int at, Span<bool> isObject, ref int depth, out bool isOpen)
    {
        isOpen = false;
        var first = At(json, at);
        if (first is not ('{' or '['))
        {
            return first switch
            {
                '"' => Text(json, at + 1),
                't' => Word(json, at, "true"u8),
                'f' => Word(json, at, "false"u8),
                'n' => Word(json, at, "null"u8),
                _ => Number(json, at),
            };
        }

        var inside = Space(json, at + 1);
        if (At(json, inside) == (first == '{' ? '}' : ']'))
        {
            return inside + 1;
        }

        if (depth == Deepest)
        {
            return Unsure;
        }

        isObject[depth++] = first == '{';
        var next = first == '{' ? Name(json, inside) : inside;
        isOpen = next >= 0;
        return next;
    }

    // "name" :
    private static int Name(ReadOnlySpan<byte> json, int at)
    {
        at = Space(json, at);
        at = At(json, at) == '"' ? Text(json, at + 1) : Unsure;
        at = at < 0 ? Unsure : Space(json, at);
        return At(json, at) == ':' ? at + 1 : Unsure;
    }

    // The rest of a text, after its first quotation mark.
    private static int Text(ReadOnlySpan<byte> json, int at)
    {
        while (json[at..].IndexOfAny(Special) is var step and >= 0)
        {
            at += step;
            if (json[at] == '"')
            {
                return at + 1;
            }

            var escape = json[at] == '\\' ? At(json, at + 1) : 0;
            if (escape == 'u')
            {
                if (json.Length < at + 6 || !IsHex(json.Slice(at + 2, 4)))
                {
                    return Unsure;
                }

                at += 6;
            }
            else if (escape is '"' or '\\' or '/' or 'b' or 'f' or 'n' or 'r' or 't')
            {
                at += 2;
            }
            else
            {
                return Unsure;
            }
        }

        return Unsure;
    }

    // -12.5e+3
    private static int Number(ReadOnlySpan<byte> json, int at)
    {
        at = At(json, at) == '-' ? at + 1 : at;
        var whole = Digits(json, at);
        if (whole == at || (json[at] == '0' && whole > at + 1))
        {
            return Unsure;
        }

        at = whole;
        if (At(json, at) == '.')
        {
            var part = Digits(json, at + 1);
            if (part == at + 1)
            {
                return Unsure;
            }

            at = part;
        }

        if (At(json, at) is 'e' or 'E')
        {
            at = At(json, at + 1) is '+' or '-' ? at + 2 : at + 1;
            var power = Digits(json, at);
            return power == at ? Unsure : power;
        }

        return at;
    }

    private static int Word(ReadOnlySpan<byte> json, int at, ReadOnlySpan<byte> word) => json[at..].StartsWith(word) ? at + word.Length : Unsure;

    private static int Digits(ReadOnlySpan<byte> json, int at)
    {
        while (At(json, at) is >= '0' and <= '9')
        {
            at++;
        }

        return at;
    }

    private static int Space(ReadOnlySpan<byte> json, int at)
    {
        while (At(json, at) is ' ' or '\n' or '\r' or '\t')
        {
            at++;
        }

        return at;
    }

    private static bool IsHex(ReadOnlySpan<byte> digits)
    {
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }
        }

        return true;
    }

    // 0 beyond either end: no valid JSON has it anywhere.
    private static int At(ReadOnlySpan<byte> json, int at) => (uint)at < (uint)json.Length ? json[at] : 0;
}
