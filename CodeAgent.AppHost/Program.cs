using CodeAgent.AppHost;
using CodeAgent.AppHost.Run;
using CodeAgent.AppHost.Settings;

try
{
    var builder = DistributedApplication.CreateBuilder(AppHostOptions.From(args));
    var settings = await builder.AddSettingsAsync();
    builder.AddCodeAgent(settings);

    await using var app = builder.Build();
    await app.RunToEndAsync(settings);
    return 0;
}
catch (SettingsException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
