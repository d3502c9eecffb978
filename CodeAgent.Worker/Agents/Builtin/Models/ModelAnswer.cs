using CodeAgent.Worker.Agents.Builtin.Conversations;
using Microsoft.Extensions.AI;

namespace CodeAgent.Worker.Agents.Builtin.Models;

/// <summary>What a model answered in one turn.</summary>
/// <param name="Text">What it said.</param>
/// <param name="Reasoning">What it thought, where the provider tells.</param>
/// <param name="Refusal">Why it refused, where it did.</param>
/// <param name="Calls">The tools it calls.</param>
/// <param name="Finish">Why it stopped.</param>
/// <param name="Model">Who answered, by the provider's word.</param>
/// <param name="Usage">What it used, where the provider tells.</param>
internal sealed record ModelAnswer(
    string Text,
    string? Reasoning,
    string? Refusal,
    IReadOnlyList<ToolCall> Calls,
    ChatFinishReason? Finish,
    string? Model,
    UsageDetails? Usage)
{
    /// <summary>Puts the pieces of a stream together.</summary>
    public static ModelAnswer From(IEnumerable<ChatResponseUpdate> updates)
    {
        var response = updates.ToChatResponse();
        var contents = response.Messages.SelectMany(message => message.Contents).ToList();
        var reasoning = string.Concat(contents.OfType<TextReasoningContent>().Select(content => content.Text));
        return new(
            string.Concat(contents.OfType<TextContent>().Select(content => content.Text)),
            reasoning.Length == 0 ? null : reasoning,
            contents.OfType<ErrorContent>().FirstOrDefault()?.Message,
            [.. contents.OfType<FunctionCallContent>().Select(ToolCall.From)],
            response.FinishReason,
            response.ModelId,
            response.Usage);
    }
}
