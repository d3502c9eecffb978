using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace CodeAgent.Worker.Agents.Builtin.Conversations;

/// <summary>Makes what the model reads from a conversation: the same messages from the same conversation, always.</summary>
internal static class ChatMessages
{
    public static IReadOnlyList<ChatMessage> From(string systemPrompt, Conversation conversation) =>
        [new(ChatRole.System, systemPrompt), .. conversation.Entries.Select(ToMessage)];

    /// <summary>The first messages of a conversation, and a question about them that is no part of it.</summary>
    public static IReadOnlyList<ChatMessage> About(string systemPrompt, Conversation conversation, int until, string question) =>
        [new(ChatRole.System, systemPrompt), .. conversation.Entries.Take(until).Select(ToMessage), new(ChatRole.User, question)];

    private static ChatMessage ToMessage(Entry entry) => entry.Role switch
    {
        EntryRole.User => new(ChatRole.User, entry.Text),
        EntryRole.Tool => new(ChatRole.Tool, [.. entry.Results.Select(result => new FunctionResultContent(result.Id, result.Output))]),
        _ => ToAssistant(entry),
    };

    private static ChatMessage ToAssistant(Entry entry)
    {
        List<AIContent> contents = entry.Text.Length == 0 ? [] : [new TextContent(entry.Text)];
        contents.AddRange(entry.Calls.Select(call => call.ToContent()));
        var message = new ChatMessage(ChatRole.Assistant, contents);
        if (entry.Reasoning is { } reasoning)
        {
            message.RawRepresentation = WithReasoning(message, reasoning);
        }

        return message;
    }

    // Some models (DeepSeek, Kimi) refuse a conversation whose calls come without the thinking that led to them. Their field
    // for it is not OpenAI's, so the client knows it from answers but does not send it.
    private static AssistantChatMessage WithReasoning(ChatMessage message, string reasoning)
    {
        var raw = (AssistantChatMessage)new[] { message }.AsOpenAIChatMessages().Single();
#pragma warning disable SCME0001 // For evaluation only; there is no other way to send a field that the client does not know.
        raw.Patch.Set("$.reasoning_content"u8, reasoning);
#pragma warning restore SCME0001
        return raw;
    }
}
