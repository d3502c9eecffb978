using System.Net;
using System.Text.RegularExpressions;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Builtin.Models;

/// <summary>The conversation is longer than the model takes.</summary>
internal sealed partial class ContextOverflowException(string message, Exception? inner = null) : ModelException(FailureCodes.ModelFailed, message, inner)
{
    /// <summary>Whether a refusal is about the length.</summary>
    public static bool Is(int status, string? code, string text) =>
        status == (int)HttpStatusCode.RequestEntityTooLarge || (status == (int)HttpStatusCode.BadRequest && Says(code, text));

    /// <summary>Whether these are words about the length: vendors have no code for it in common, and some have none at all.</summary>
    public static bool Says(string? code, string text) => code == "context_length_exceeded" || Words().IsMatch(text);

    // OpenAI, vLLM, DeepSeek, OpenRouter: "maximum context length is N"; OpenAI's newer address: "exceeds the context window";
    // Anthropic: "prompt is too long: N tokens > M maximum", "exceed context limit"; Google: "input token count (N) exceeds";
    // llama.cpp: "exceeds the available context size"; Bedrock: "Input is too long"; Groq: "reduce the length of the messages".
    [GeneratedRegex(
        "maximum (context|prompt) length|context[ _](window|length|limit|size)|prompt is too long|input is too long|input token count|reduce the length of the messages",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
