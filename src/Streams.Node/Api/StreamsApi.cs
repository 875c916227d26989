using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.DependencyInjection;
using Streams.Node.Api.Description;
using Streams.Node.Api.Endpoints;
using Streams.Node.Api.Intake;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.Api;

/// <summary>The node's HTTP API: <c>AddStreamsApi</c> on the services, <c>UseStreamsApi</c> on the pipeline, <c>MapStreamsApi</c> on the routes.</summary>
public static class StreamsApi
{
    public static IServiceCollection AddStreamsApi(this IServiceCollection services, ApiSources sources)
    {
        HttpSettings http = sources.Configuration.Node.Http;
        services.AddSingleton(sources);
        services.AddSingleton(sources.Time);
        services.AddSingleton(sources.Audit);
        services.AddSingleton(sources.Door);
        if (sources.Simulation is { } simulation)
        {
            services.AddSingleton(simulation);
        }

        services.AddRouting();
        services.AddRequestTimeouts(options => options.DefaultPolicy = new RequestTimeoutPolicy
        {
            Timeout = http.RequestTimeout,
            TimeoutStatusCode = StatusCodes.Status503ServiceUnavailable,
        });
        return services;
    }

    /// <summary>Everything that goes wrong below becomes <c>application/problem+json</c>; foreign pages are kept out; slow requests end.</summary>
    public static IApplicationBuilder UseStreamsApi(this IApplicationBuilder app) =>
        app.UseStreamsApi(app.ApplicationServices.GetRequiredService<ApiSources>().Configuration.Node.Http);

    internal static IApplicationBuilder UseStreamsApi(this IApplicationBuilder app, HttpSettings http)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = ExplainAsync,

            // Refused input and a store or log that is away are ordinary; only what nobody foresaw is an error in the node's log.
            SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException or StoreUnavailableException or LogFailedException,
        });
        app.UseStatusCodePages(context => Problem.Explain(context.HttpContext));
        app.Use((context, next) => LocalGuard.Check(context, http, () => next(context)));
        app.UseRouting();
        app.UseRequestTimeouts();
        return app;
    }

    public static IEndpointRouteBuilder MapStreamsApi(this IEndpointRouteBuilder routes)
    {
        ApiSources sources = routes.ServiceProvider.GetRequiredService<ApiSources>();
        Operation[] operations =
        [
            .. ReadingEndpoints.Operations(new ReadingIntake(new KnownMetrics(sources.Catalog), sources.Configuration.Topics[TopicSettings.Readings].Name)),
            .. DeviceEndpoints.Operations,
            .. AreaEndpoints.Operations,
            .. AnomalyEndpoints.Operations,
            .. AlertEndpoints.Operations,
            .. AlertOrders.Operations,
            .. AgencyEndpoints.Operations(sources),
            .. IncidentEndpoints.Operations,
            .. DispatcherEndpoints.Operations,
            .. FeedEndpoints.Operations(sources.Feeds),
            .. StreamEndpoint.Operations(sources.Feeds),
            .. WebhookEndpoints.Operations,
            .. DeadLetterEndpoints.Operations,
            .. ScenarioEndpoints.Operations,
            .. ClusterEndpoints.Operations,
            .. PeopleEndpoints.Operations(sources.Door.Policy),
            .. AuditEndpoints.Operations,
            .. HealthEndpoints.Operations,
            .. MetricsEndpoint.Operations,
        ];
        ApiRoutes.Map(routes, [.. operations, .. DescriptionEndpoints.Operations(operations, sources)]);
        return routes;
    }

    private static Task ExplainAsync(HttpContext context)
    {
        Exception? error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        switch (error)
        {
            case BadHttpRequestException bad:
                context.Response.StatusCode = bad.StatusCode;
                return bad.StatusCode == StatusCodes.Status400BadRequest
                    ? Problem.Write(context, bad.StatusCode, "bad-request", bad.Message)
                    : Problem.Explain(context);
            case StoreUnavailableException store:
                context.Response.Headers.RetryAfter = "5";
                return Problem.Write(context, StatusCodes.Status503ServiceUnavailable, "store-unavailable", $"The store can't answer now: {store.Message} Try again.");
            case LogFailedException log:
                context.Response.Headers.RetryAfter = "5";
                return Problem.Write(context, StatusCodes.Status503ServiceUnavailable, "log-unavailable", $"Kafka does not have everything of this: {log.Message} Send it again; repeats do no harm.");
            default:
                return Problem.Write(context, StatusCodes.Status500InternalServerError, "internal", "Something broke in the node; its log says what. The request can be tried again.");
        }
    }
}
