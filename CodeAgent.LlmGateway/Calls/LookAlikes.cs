using System.Text;
using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// Names that servers written in Go take for others, since they compare without regard to case: "Model" would count there in place
/// of "model", after the gateway let the latter pass.
/// </summary>
internal static class LookAlikes
{
    /// <param name="reader">At a name that is none of those that are read.</param>
    /// <exception cref="ProblemException">400: it looks like one of those that matter.</exception>
    public static void Refuse(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        if (!reader.ValueIsEscaped && Ascii.IsValid(name))
        {
            // Nearly every name there is ends here, at its first letter.
            if (!name.IsEmpty && (name[0] | 0x20) is 'm' or 'n' or 's' && Find(name) is { } found)
            {
                throw Refusal(found);
            }
        }
        else if (Find(Folded(ref reader)) is { } hidden)
        {
            throw Refusal(hidden);
        }
    }

    private static string? Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        1 => Is(name, "n"u8, "n"),
        5 => Is(name, "model"u8, "model"),
        6 => Is(name, "stream"u8, "stream"),
        10 => Is(name, "max_tokens"u8, "max_tokens"),
        17 => Is(name, "max_output_tokens"u8, "max_output_tokens"),
        21 => Is(name, "max_completion_tokens"u8, "max_completion_tokens"),
        _ => null,
    };

    private static string? Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> meant, string text) => Ascii.EqualsIgnoreCase(name, meant) ? text : null;

    // Two letters outside of ASCII are an s and a k there.
    private static byte[] Folded(ref Utf8JsonReader reader)
    {
        var name = new byte[reader.ValueSpan.Length];
        return Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(name.AsSpan(0, reader.CopyString(name))).Replace('\u017f', 's').Replace('\u212a', 'k'));
    }

    private static ProblemException Refusal(string meant) => new("invalid-field", StatusCodes.Status400BadRequest,
        $"A field looks like '{meant}' but is written otherwise, and some providers take the one for the other: write '{meant}', once.")
    { Field = meant };
}
