using System.Globalization;
using System.Text.RegularExpressions;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Cli.Aider;

// Aider v0.86.1
// Main model: openai/m with whole edit format
// …what it says…
// Tokens: 2.1k sent, 210 received. Cost: $0.0012 message, $0.0012 session.
// Applied edit to a.txt
// litellm.AuthenticationError: …
// Retrying in 0.2 seconds...

/// <summary>Reads what <c>aider --no-stream --no-pretty</c> prints.</summary>
internal sealed partial class AiderEvents : ICliEvents
{
    // It has one history for a home, without a name.
    private const string Session = "history";
    private bool _began;

    public IEnumerable<CliEvent> Read(CliLine line)
    {
        if (!_began)
        {
            _began = true;
            yield return new CliEvent.Session(Session);
        }

        if (Edited().Match(line.Text) is { Success: true } edited)
        {
            yield return new CliEvent.Changed(edited.Groups[1].Value, FileChange.Modified);
        }
        else if (Tokens().Match(line.Text) is { Success: true } tokens)
        {
            yield return new CliEvent.Used(null, new() { InputTokens = Count(tokens.Groups[1].Value), OutputTokens = Count(tokens.Groups[2].Value) }, UsageOf.Turn);
        }
        else if (line.Text.StartsWith("Retrying in ", StringComparison.Ordinal))
        {
            yield return new CliEvent.Retrying(null, line.Text);
        }
        else if (line.Text.StartsWith("litellm.", StringComparison.Ordinal))
        {
            yield return new CliEvent.Failed(CliVerdict.StatusIn(line.Text), line.Text);
        }
        else if (!line.IsError)
        {
            yield return new CliEvent.Message(line.Text + "\n", IsPiece: true);
        }
    }

    // 12, 1,234, 2.1k
    private static long Count(string text) => decimal.TryParse(text.TrimEnd('k'), NumberStyles.Number, CultureInfo.InvariantCulture, out var number)
        ? (long)(number * (text.EndsWith('k') ? 1000 : 1))
        : 0;

    [GeneratedRegex("^Applied edit to (.+?)\\s*$")]
    private static partial Regex Edited();

    [GeneratedRegex(@"^Tokens: ([\d.,]+k?) sent,.*? ([\d.,]+k?) received")]
    private static partial Regex Tokens();
}
