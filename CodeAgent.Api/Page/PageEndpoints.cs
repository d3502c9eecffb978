using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.Api.Page;

/// <summary>What the page may know without a key.</summary>
/// <param name="Dashboard">Address of the dashboard; null where there is none.</param>
internal sealed record PageSettings(string? Dashboard);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PageSettings))]
internal sealed partial class PageJson : JsonSerializerContext;

/// <summary>The web page. It is open to all, since it knows nothing: whatever it shows it asks the Api for, with the visitor's key.</summary>
internal static class PageEndpoints
{
    /// <summary>Configuration key of the dashboard's address.</summary>
    public const string DashboardKey = "Dashboard:Url";

    // Nothing but our own files, no markup made from text, and no other site around the page.
    private const string ContentSecurity =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private static readonly PageFile Index = PageFile.All().Single(file => file.Path == "/");

    public static WebApplication MapPage(this WebApplication app)
    {
        var page = app.MapGroup("").AllowAnonymous().ExcludeFromDescription();
        page.MapGet("/page/settings", Settings);
        foreach (var file in PageFile.All().Where(file => file.Path != Index.Path))
        {
            page.MapGet(file.Path, (HttpContext context) => Send(context, file));
        }

        return app;
    }

    /// <summary>The page itself, for <c>GET /</c>, which it shares with programs.</summary>
    public static IResult SendIndex(HttpContext context) => Send(context, Index);

    private static FileContentHttpResult Send(HttpContext context, PageFile file)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurity;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-cache";
        return TypedResults.File(file.Content, file.ContentType, entityTag: file.Tag);
    }

    private static JsonHttpResult<PageSettings> Settings(IConfiguration configuration) =>
        TypedResults.Json(new PageSettings(Dashboard(configuration[DashboardKey])), PageJson.Default.PageSettings);

    // It becomes a link, so it must be an address of the web and nothing else.
    private static string? Dashboard(string? configured) =>
        Uri.TryCreate(configured, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address.GetLeftPart(UriPartial.Path)
            : null;
}
