using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Understands the contents of a request in Google's form. One for each request, since calls and results are matched in it.</summary>
internal sealed class GeminiPartReader
{
    // Ids are optional: a result without one belongs to the first call of that name that has none yet.
    private readonly List<(string Id, string Name)> _waiting = [];
    private int _calls;

    public List<Message> Messages(RequestFields body)
    {
        if (body.Value("contents") is null)
        {
            throw body.Missing("contents");
        }

        List<Message> messages = [];
        foreach (var content in body.Objects("contents"))
        {
            var role = content.Text("role") switch
            {
                null or "user" or "function" => Role.User,
                "model" => Role.Assistant,
                _ => throw RequestFields.Invalid(content.At("role"), "user or model"),
            };
            messages.Add(new(role, [.. content.Objects("parts").SelectMany(Read)]));
            content.Done();
        }

        return messages;
    }

    private IEnumerable<Part> Read(RequestFields part)
    {
        var signature = part.Text("thoughtSignature") is { Length: > 0 } given ? GeminiSignatures.FromCaller(given) : null;
        if (signature == Signatures.From(Protocol.Gemini, GeminiSignatures.Skip))
        {
            signature = null;
        }

        var isThought = part.Flag("thought") ?? false;
        List<Part> read = [];
        if (part.Object("functionCall") is { } call)
        {
            // What was thought before the call may have its signature here.
            if (signature is not null && (GeminiSignatures.AsThought(signature) ?? GeminiSignatures.AsRedacted(signature)) is not null)
            {
                Said(null, isThought: false, signature, read);
                signature = null;
            }

            read.Add(Call(call) with { Signature = signature });
        }
        else if (part.Object("functionResponse") is { } response)
        {
            read.Add(Result(response));
        }
        else if (part.Object("inlineData") is { } inline)
        {
            read.Add(Inline(inline));
        }
        else if (part.Object("fileData") is { } file)
        {
            read.Add(File(file));
        }
        else
        {
            Said(part.Text("text"), isThought, signature, read);
        }

        part.Done();
        return read;
    }

    private static void Said(string? text, bool isThought, string? signature, List<Part> read)
    {
        if (signature is not null && GeminiSignatures.AsRedacted(signature) is { } redacted)
        {
            read.Add(new Part.RedactedThought(redacted));
            if (!isThought && !string.IsNullOrEmpty(text))
            {
                read.Add(new Part.Text(text));
            }

            return;
        }

        signature = signature is null ? null : GeminiSignatures.AsThought(signature) ?? signature;
        if (isThought)
        {
            read.Add(new Part.Thought(text ?? "", signature));
        }
        else
        {
            // A signature of a text is kept as a thought without words before it.
            if (signature is not null)
            {
                read.Add(new Part.Thought("", signature));
            }

            if (!string.IsNullOrEmpty(text))
            {
                read.Add(new Part.Text(text));
            }
        }
    }

    private Part.ToolCall Call(RequestFields call)
    {
        var name = call.RequiredText("name");
        var id = call.Text("id") is { Length: > 0 } given ? given : GeminiCallIds.For("", _calls);
        _calls++;
        _waiting.Add((id, name));
        var read = new Part.ToolCall(id, name, call.Kept("args")?.GetRawText() ?? "{}");
        call.Done();
        return read;
    }

    private Part.ToolResult Result(RequestFields response)
    {
        var name = response.RequiredText("name");
        var id = response.Text("id") is { Length: > 0 } given ? given
            : _waiting.Find(call => call.Name == name) is { Id: { } waiting } ? waiting
            : throw NotExpressible.Of(response.At("name"), $"It answers a call of '{name}', and there is none before it.");
        _waiting.RemoveAll(call => call.Id == id);
        if (response.Flag("willContinue") is true)
        {
            throw GeminiRequestReader.Only(response.At("willContinue"), "results that come bit by bit");
        }

        var (text, isError) = Answer(response.Kept("response"));
        List<Part> content = text is null ? [] : [new Part.Text(text)];
        foreach (var part in response.Objects("parts"))
        {
            content.AddRange(Read(part));
        }

        response.Ignore("scheduling");
        response.Done();
        return new(id, name, content, isError);
    }

    // The clients put a text result under "output" (or "result"), and an error under "error"; anything else is told as the JSON it is.
    private static (string? Text, bool IsError) Answer(JsonElement? response)
    {
        if (response is not { } answer)
        {
            return (null, false);
        }

        return answer.EnumerateObject().ToList() is [{ Name: "output" or "result" or "error", Value.ValueKind: JsonValueKind.String } only]
            ? (only.Value.GetString(), only.Name == "error")
            : (answer.GetRawText(), false);
    }

    private static Part Inline(RequestFields inline)
    {
        var (type, data) = (inline.RequiredText("mimeType"), inline.RequiredText("data"));
        var read = Media(inline, type, null, data, inline.Text("displayName"));
        inline.Done();
        return read;
    }

    private static Part File(RequestFields file)
    {
        var uri = file.RequiredText("fileUri");
        if (uri.Contains("generativelanguage.googleapis.com", StringComparison.Ordinal) || !uri.StartsWith("http", StringComparison.Ordinal))
        {
            throw GeminiRequestReader.Only(file.At("fileUri"), "files that were uploaded to it");
        }

        var read = Media(file, file.Text("mimeType") ?? "image/*", uri, null, file.Text("displayName"));
        file.Done();
        return read;
    }

    private static Part Media(RequestFields owner, string type, string? url, string? data, string? name) => type switch
    {
        _ when type.StartsWith("image/", StringComparison.Ordinal) => new Part.Image(url, url is null ? type : null, data),
        "application/pdf" => new Part.Document(url, type, data, name),
        _ when type.StartsWith("text/", StringComparison.Ordinal) && data is not null => new Part.Document(null, type, data, name),
        _ => throw NotExpressible.Of(owner.At("mimeType"), $"Media of the type {type} can only be given to Google's own API."),
    };
}
