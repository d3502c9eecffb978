using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>What the requests of OpenAI's two protocols have in common.</summary>
internal static class OpenAiFields
{
    /// <summary>
    /// Fields that are left out when a request is translated, since the answer is the same without them: notes for the provider's
    /// books (metadata, client_metadata), how and for how much it is served (service_tier, prediction,
    /// prompt_cache_retention), how the stream is packed (stream, stream_options), and how often the provider's own tools may be
    /// used, of which there are none here (max_tool_calls). Whatever else is not understood is refused by its name.
    /// </summary>
    public static readonly string[] WithoutEffect =
    [
        "metadata", "client_metadata", "service_tier", "prediction", "prompt_cache_retention", "stream", "stream_options", "max_tool_calls",
    ];

    /// <summary>
    /// Nothing is stored where a request is translated. Who says <c>"store": true</c> wants to find the answer later, in a dashboard
    /// or by its id, so that is refused; who says nothing (responses are stored by default) mostly does not know of it.
    /// </summary>
    public static void RefuseStore(RequestField root)
    {
        if (root["store"] is { Flag: true } store)
        {
            throw NotExpressible.Of(store.Path, "Nothing can be stored there; leave it out or say false.");
        }
    }

    /// <summary>Refuses a field unless it has the value that means nothing.</summary>
    public static void RefuseUnless(RequestField root, string name, Func<RequestField, bool> isNothing)
    {
        if (root[name] is { } field && !isNothing(field))
        {
            throw NotExpressible.Of(field.Path);
        }
    }

    // "auto", "none", "required", { "type": "function", "function": { "name": "…" } } or { "type": "function", "name": "…" }
    public static ToolChoice? ToolChoice(RequestField? choice)
    {
        if (choice is not { } field)
        {
            return null;
        }

        if (field.Kind == System.Text.Json.JsonValueKind.String)
        {
            return field.Text switch
            {
                "auto" => new(ToolChoiceKind.Auto),
                "none" => new(ToolChoiceKind.None),
                "required" => new(ToolChoiceKind.Any),
                _ => throw field.Invalid("auto, none, required or a tool"),
            };
        }

        return field.Required("type").Text is "function" or "custom"
            ? new(ToolChoiceKind.Named, (field["function"] ?? field["custom"] ?? field).Required("name").Text)
            : throw NotExpressible.Of(field.At("type"));
    }

    // { "name": "…", "description": "…", "schema": { … }, "strict": true }
    public static AnswerFormat Schema(RequestField format)
    {
        format.Only("type", "name", "description", "schema", "strict");
        return new(format["schema"]?.Object.Value, format["name"]?.Text, format["strict"]?.Flag) { Description = format["description"]?.Text };
    }

    public static Tool Function(RequestField function, string name)
    {
        function.Only("type", "name", "description", "parameters", "strict", "defer_loading");
        return new(name, function["description"]?.Text, function["parameters"]?.Object.Value, function["strict"]?.Flag);
    }

    // "https://…", or "data:image/png;base64,…"
    public static Part.Image Image(RequestField url, string? detail)
    {
        var (media, data) = DataUrl(url);
        return data is null ? new(url.Text, null, null) { Detail = detail } : new(null, media, data) { Detail = detail };
    }

    // { "file_data": "data:application/pdf;base64,…", "filename": "…" }, responses also "file_url"
    public static Part.Document Document(RequestField file)
    {
        if (file["file_id"] is { } id)
        {
            throw NotExpressible.Of(id.Path, "The file is with another provider; send what is in it.");
        }

        var name = file["filename"]?.Text;
        if (file["file_url"] is { } url)
        {
            return new(url.Text, null, null, name);
        }

        var content = file.Required("file_data");
        var (media, data) = DataUrl(content);
        return new(null, media ?? "application/pdf", data ?? content.Text, name);
    }

    private static (string? Media, string? Data) DataUrl(RequestField url)
    {
        const string Scheme = "data:", Mark = ";base64,";
        var text = url.Text;
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return default;
        }

        var mark = text.IndexOf(Mark, StringComparison.OrdinalIgnoreCase);
        return mark < 0 ? throw url.Invalid("an address, or data:TYPE;base64,DATA") : (text[Scheme.Length..mark].Split(';')[0], text[(mark + Mark.Length)..]);
    }
}
