namespace CodeAgent.Api.Http;

/// <summary>
/// What browsers are told with every answer that does not say it itself: data is neither guessed to be something else, nor run,
/// nor put into a frame, and no address of ours is told to others.
/// </summary>
internal static class SecurityHeaders
{
    private const string Documentation = "/scalar";
    private const string ForData = "default-src 'none'; frame-ancestors 'none'";
    private const string ForSecureOnly = "max-age=31536000";

    // The page to try the Api at has scripts and styles in its markup, and talks to the Api alone.
    private const string ForDocumentation =
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
        "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Adds them; before everything else.</summary>
    public static WebApplication UseSecurityHeaders(this WebApplication app)
    {
        app.Use((context, next) =>
        {
            // At the last moment, because the exception handler empties the headers.
            context.Response.OnStarting(static state => Add((HttpContext)state), context);
            return next(context);
        });
        return app;
    }

    private static Task Add(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.TryAdd("Referrer-Policy", "no-referrer");
        headers.TryAdd("Content-Security-Policy", context.Request.Path.StartsWithSegments(Documentation) ? ForDocumentation : ForData);
        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = ForSecureOnly;
        }

        return Task.CompletedTask;
    }
}
