using System.Runtime.CompilerServices;
using CodeAgent.Worker.Agents.Builtin.Conversations;
using Microsoft.Extensions.AI;
using Microsoft.ML.Tokenizers;

namespace CodeAgent.Worker.Agents.Builtin.Context;

/// <summary>
/// Counts tokens with a tokenizer of OpenAI's, whatever the model. Others count differently, by some tenths; what their
/// answers say they read corrects it (<see cref="ContextState.Ratio"/>).
/// </summary>
internal static class TokenCount
{
    // Around each message and each call there are some tokens that no text shows.
    private const int Frame = 4;

    // A tokenizer may take the square of the time for a word without end, such as a file of one line in base64.
    private const int LongestPiece = 4_000;

    private static readonly Lazy<TiktokenTokenizer> Tokenizer = new(() => TiktokenTokenizer.CreateForEncoding("o200k_base"));

    // Entries are never changed, only replaced.
    private static readonly ConditionalWeakTable<Entry, object> Known = [];

    /// <summary>The tokens of a text.</summary>
    public static int Of(string text)
    {
        var count = 0;
        for (var at = 0; at < text.Length; at += LongestPiece)
        {
            count += Tokenizer.Value.CountTokens(text.AsSpan(at, Math.Min(LongestPiece, text.Length - at)));
        }

        return count;
    }

    /// <summary>The tokens of a message.</summary>
    public static int Of(Entry entry) => (int)Known.GetValue(entry, static entry => Frame + Of(entry.Text) + Of(entry.Reasoning ?? "")
        + entry.Calls.Sum(call => Frame + Of(call.Name) + Of(call.ArgumentsText))
        + entry.Results.Sum(result => Frame + Of(result.Output)));

    /// <summary>The tokens of the tools that a model is offered.</summary>
    public static int Of(IEnumerable<AITool> tools) => tools.OfType<AIFunction>()
        .Sum(tool => Frame + Of(tool.Name) + Of(tool.Description) + Of(tool.JsonSchema.GetRawText()));
}
