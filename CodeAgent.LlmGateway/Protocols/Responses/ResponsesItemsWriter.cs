using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>Says messages as items of a response's input.</summary>
internal sealed class ResponsesItemsWriter(Utf8JsonWriter json)
{
    public void Write(IReadOnlyList<Message> messages)
    {
        json.WriteStartArray("input"u8);
        foreach (var message in messages)
        {
            if (message.Role == Role.Assistant)
            {
                Assistant(message.Parts);
            }
            else
            {
                Said(message);
            }
        }

        json.WriteEndArray();
    }

    private void Said(Message message)
    {
        foreach (var result in message.Parts.OfType<Part.ToolResult>())
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "function_call_output"u8);
            json.WriteString("call_id"u8, result.CallId);
            if (result.Content.All(part => part is Part.Text))
            {
                json.WriteString("output"u8, OpenAiWrite.ResultText(result));
            }
            else
            {
                Parts("output"u8, result.IsError ? [new Part.Text("Error:"), .. result.Content] : result.Content);
            }

            json.WriteEndObject();
        }

        if (message.Parts.Where(part => part is not Part.ToolResult).ToList() is { Count: > 0 } said)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "message"u8);
            json.WriteString("role"u8, message.Role == Role.System ? "developer"u8 : "user"u8);
            Parts("content"u8, said);
            json.WriteEndObject();
        }
    }

    private void Assistant(IReadOnlyList<Part> parts)
    {
        foreach (var part in parts)
        {
            switch (part)
            {
                case Part.Text or Part.Refusal:
                    json.WriteStartObject();
                    json.WriteString("type"u8, "message"u8);
                    json.WriteString("role"u8, "assistant"u8);
                    json.WriteStartArray("content"u8);
                    json.WriteStartObject();
                    json.WriteString("type"u8, part is Part.Text ? "output_text"u8 : "refusal"u8);
                    json.WriteString(part is Part.Text ? "text"u8 : "refusal"u8, part is Part.Text text ? text.Value : ((Part.Refusal)part).Value);
                    json.WriteEndObject();
                    json.WriteEndArray();
                    json.WriteEndObject();
                    break;

                // What another provider thought cannot be handed back here, only what has this one's signature.
                case Part.Thought thought when Signatures.For(Protocol.Responses, thought.Signature) is { } encrypted:
                    Reasoning(thought.Value, encrypted);
                    break;
                case Part.ToolCall call:
                    json.WriteStartObject();
                    json.WriteString("type"u8, "function_call"u8);
                    json.WriteString("call_id"u8, call.Id);
                    json.WriteString("name"u8, call.Name);
                    json.WriteString("arguments"u8, call.Arguments);
                    json.WriteEndObject();
                    break;
                case Part.Image or Part.Document:
                    throw NotExpressible.In(Protocol.Responses, "messages", "images or documents said by the assistant");
            }
        }
    }

    private void Reasoning(string text, string encrypted)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "reasoning"u8);
        json.WriteStartArray("summary"u8);
        if (text.Length > 0)
        {
            ReasoningItem.Part(json, text);
        }

        json.WriteEndArray();
        json.WriteString("encrypted_content"u8, encrypted);
        json.WriteEndObject();
    }

    private void Parts(ReadOnlySpan<byte> name, IReadOnlyList<Part> parts)
    {
        json.WriteStartArray(name);
        foreach (var part in parts)
        {
            json.WriteStartObject();
            Inside(part);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void Inside(Part part)
    {
        switch (part)
        {
            case Part.Text text:
                json.WriteString("type"u8, "input_text"u8);
                json.WriteString("text"u8, text.Value);
                break;
            case Part.Image image:
                json.WriteString("type"u8, "input_image"u8);
                json.WriteString("image_url"u8, OpenAiWrite.Address(image));
                OpenAiWrite.Optional(json, "detail"u8, image.Detail);
                break;
            case Part.Document document:
                json.WriteString("type"u8, "input_file"u8);
                OpenAiWrite.Optional(json, "file_url"u8, document.Url);
                if (document.Data is not null)
                {
                    json.WriteString("filename"u8, document.Name ?? "document");
                    json.WriteString("file_data"u8, $"data:{document.MediaType};base64,{document.Data}");
                }

                break;
            default:
                throw NotExpressible.In(Protocol.Responses, "messages", $"place for a {part.GetType().Name.ToLowerInvariant()} here");
        }
    }
}
