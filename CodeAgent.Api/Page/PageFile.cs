using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace CodeAgent.Api.Page;

/// <summary>A file of <c>wwwroot</c>. The files are inside the program, so that it finds them whatever folder it is started in.</summary>
/// <param name="Path">Where the Api has it, as in <c>/page/app.js</c>; <c>/</c> for <c>index.html</c>.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Content">The whole of it: a few kilobytes.</param>
/// <param name="Tag">Its entity tag: a browser asks each time and is mostly told that nothing changed.</param>
internal sealed record PageFile(string Path, string ContentType, byte[] Content, EntityTagHeaderValue Tag)
{
    private const string Folder = "wwwroot/";

    public static IReadOnlyList<PageFile> All() =>
        [.. typeof(PageFile).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal)).Select(Load)];

    private static PageFile Load(string name)
    {
        using var resource = typeof(PageFile).Assembly.GetManifestResourceStream(name)!;
        var content = new byte[resource.Length];
        resource.ReadExactly(content);

        var path = name[Folder.Length..];
        return new(
            path == "index.html" ? "/" : "/" + path,
            new FileExtensionContentTypeProvider().TryGetContentType(path, out var type) ? Utf8(type) : "application/octet-stream",
            content,
            new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content))}\""));
    }

    private static string Utf8(string type) => type.StartsWith("text/", StringComparison.Ordinal) ? type + "; charset=utf-8" : type;
}
