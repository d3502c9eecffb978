using System.Globalization;
using ModelContextProtocol.Protocol;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>Makes a text for the model of what a server answers.</summary>
internal static class McpContent
{
    private const int Longest = 30_000;

    public static string Text(CallToolResult result)
    {
        var parts = (result.Content ?? []).Select(Part).ToList();
        if (parts.Count == 0 && result.StructuredContent is { } json)
        {
            parts.Add(json.GetRawText());
        }

        return parts.Count == 0 ? "(no output)" : Middle.Cut(string.Join('\n', parts), Longest);
    }

    private static string Part(ContentBlock block) => block switch
    {
        TextContentBlock text => text.Text,
        EmbeddedResourceBlock { Resource: TextResourceContents resource } => resource.Text,
        ImageContentBlock image => LeftOut(image.MimeType, image.DecodedData.Length),
        AudioContentBlock audio => LeftOut(audio.MimeType, audio.DecodedData.Length),
        ResourceLinkBlock link => $"[{link.Name}: {link.Uri}]",
        _ => $"[{block.Type}, which cannot be shown]",
    };

    private static string LeftOut(string? type, int bytes) => string.Create(CultureInfo.InvariantCulture, $"[{type}, {bytes:N0} bytes, which cannot be shown]");
}
