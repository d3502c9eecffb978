using CodeAgent.Api.Tests.Starvation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

[assembly: HostingStartup(typeof(BlockingHandler))]

namespace CodeAgent.Api.Tests.Starvation;

/// <summary>A handler as none must be, in an Api that is started with <c>ASPNETCORE_HOSTINGSTARTUPASSEMBLIES</c>: at <see cref="Path"/> it waits for Redis on the thread that it is called on.</summary>
public sealed class BlockingHandler : IHostingStartup
{
    public const string Path = "/blocking";

    public void Configure(IWebHostBuilder builder) => builder.ConfigureServices(services => services.AddSingleton<IStartupFilter, Filter>());

    private sealed class Filter : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Map(Path, blocking => blocking.Run(context =>
            {
                context.RequestServices.GetRequiredService<IConnectionMultiplexer>().GetDatabase().Ping();
                return Task.CompletedTask;
            }));
            next(app);
        };
    }
}
