using System.Net;
using CodeAgent.Contracts;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>Brings images to this machine.</summary>
internal static class ContainerImages
{
    /// <summary>Sees to it that the image is here. What is here is taken as it is.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="image">Its name.</param>
    /// <param name="progress">Gets a word every now and then.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="TaskFailedException">It cannot be had.</exception>
    public static async Task EnsureAsync(ContainerEngine engine, string image, IProgress<JSONMessage> progress, CancellationToken cancellationToken)
    {
        try
        {
            await engine.Client.Images.InspectImageAsync(image, cancellationToken);
            return;
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            // Then it is fetched.
        }

        try
        {
            var (name, tag) = Split(image);
            await engine.Client.Images.CreateImageAsync(new() { FromImage = name, Tag = tag }, null, progress, cancellationToken);

            // Engines say what went wrong in the middle of an answer that began well.
            await engine.Client.Images.InspectImageAsync(image, cancellationToken);
        }
        catch (Exception e) when (e is DockerApiException or HttpRequestException or IOException)
        {
            throw new TaskFailedException(FailureCodes.SandboxUnavailable, $"The image {image} cannot be had: {e.Message}");
        }
    }

    /// <summary>The name, and the tag; <c>latest</c> where there is none. One by its digest is asked for as a whole.</summary>
    public static (string Name, string? Tag) Split(string image)
    {
        if (image.Contains('@', StringComparison.Ordinal))
        {
            return (image, null);
        }

        // A colon before a slash is a registry's port.
        var colon = image.LastIndexOf(':');
        return colon > image.LastIndexOf('/') ? (image[..colon], image[(colon + 1)..]) : (image, "latest");
    }
}
