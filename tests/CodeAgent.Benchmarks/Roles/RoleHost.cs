using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CodeAgent.Benchmarks.Roles;

/// <summary>A part of the benchmark that is a web server in a process of its own.</summary>
internal static class RoleHost
{
    /// <summary>A server with nothing in it but Kestrel, on a port of the loopback.</summary>
    public static WebApplicationBuilder Bare(string port, HttpProtocols protocols)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ListenLocalhost(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture), listen => listen.Protocols = protocols);
        });
        return builder;
    }

    public static async Task<int> RunAsync(WebApplication app)
    {
        await app.RunAsync();
        return 0;
    }

    /// <summary>Reads a request to its end, and forgets it.</summary>
    public static async Task DrainAsync(HttpContext http)
    {
        var body = http.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync(http.RequestAborted);
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
