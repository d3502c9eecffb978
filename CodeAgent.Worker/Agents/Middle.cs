using System.Globalization;

namespace CodeAgent.Worker.Agents;

/// <summary>Leaves out the middle of a long text.</summary>
internal static class Middle
{
    /// <summary>The text, with the middle replaced by a note where it is longer than <paramref name="longest"/> characters.</summary>
    public static string Cut(string text, int longest)
    {
        if (text.Length <= longest)
        {
            return text;
        }

        // Never between the halves of a character.
        var head = longest / 2;
        head -= char.IsHighSurrogate(text[head - 1]) ? 1 : 0;
        var tail = text.Length - (longest / 2);
        tail += char.IsLowSurrogate(text[tail]) ? 1 : 0;
        return string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, head)}\n… {tail - head:N0} characters left out …\n{text.AsSpan(tail)}");
    }
}
